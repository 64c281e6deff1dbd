"""Names of ours as people read them."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def kind_title(name: str) -> str:
    """``Connection limits`` for ``ConnectionLimits``: a kind of fact as a title."""
    return _PARTS.sub(" ", name).capitalize()
