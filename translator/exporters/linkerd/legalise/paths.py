"""A set of paths as one regular expression of the target, for requests whose path nobody normalised.

The source decides on the normal form of a path; the target matches what is on the wire
(linkerd2-proxy linkerd/http/route ``uri.path()``, 2.20). So that nothing gets wider, only paths are named whose normal
form is granted: those without dot elements where the set is built of positive patterns alone (an escape further on
cannot lead out of a prefix), and only paths in normal form otherwise.
"""

from __future__ import annotations

from functools import lru_cache

from ir.language import NORMAL_PATH, PATH, Dialect, Language
from translator.exporters.linkerd.legalise.phrases import ELEMENT

LIMIT = 1024
"""Characters that a path match may have (Gateway API HTTPPathMatch.value)."""


@lru_cache(maxsize=1)
def without_dots() -> Language:
    """Paths without dot elements, backslashes or broken escapes."""
    return Language.regex(f"(?:/{ELEMENT})+", Dialect.RE2_FULL) & PATH


def safe(paths: Language, closed: bool) -> Language:  # noqa: FBT001  # a property of the set
    """The paths on the wire that may stand for ``paths``.

    ``closed``: the set is a union of intersections of positive patterns, none of them negated.
    """
    if (PATH - paths).is_empty():
        return PATH
    return paths & (without_dots() if closed else NORMAL_PATH)


def say(paths: Language, hints: tuple[str, ...] = ()) -> str:
    """A regular expression that, of all paths, accepts exactly ``paths``; ``hints`` are tried first.

    Raises:
        ir.language.Opaque: it would need more than :data:`LIMIT` characters.
    """
    key = (paths & PATH).table()
    if key not in _SAID:
        _SAID[key] = paths.to_regex(Dialect.RUST_SPAN, limit=LIMIT, within=PATH, hints=hints)
    return _SAID[key]


_SAID: dict[object, str] = {}
"""Regular expressions by the minimal automaton that they stand for: estates repeat their paths."""
