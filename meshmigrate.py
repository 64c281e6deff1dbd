"""meshmigrate: service-mesh configuration from one mesh to another, with an account of every value.

    import meshmigrate
    result = meshmigrate.translate(["./manifests"], source="istio", target="linkerd@2.20")

``python -m meshmigrate`` is the command line. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from translator.audit.survey import audit
    from translator.difference import verify
    from translator.errors import (
        AccountingError,
        InputError,
        MeshMigrateError,
        Place,
        TargetError,
    )
    from translator.migration import plan
    from translator.pipeline import VERSION as __version__  # noqa: N811  # the name that Python knows
    from translator.pipeline import Result, read, translate
    from translator.report.audit import Audit
    from translator.report.model import Report

__all__ = [
    "AccountingError",
    "Audit",
    "InputError",
    "MeshMigrateError",
    "Place",
    "Report",
    "Result",
    "TargetError",
    "__version__",
    "audit",
    "main",
    "plan",
    "read",
    "translate",
    "verify",
]

_HOMES = {
    "AccountingError": "translator.errors",
    "Audit": "translator.report.audit",
    "InputError": "translator.errors",
    "MeshMigrateError": "translator.errors",
    "Place": "translator.errors",
    "Report": "translator.report.model",
    "Result": "translator.pipeline",
    "TargetError": "translator.errors",
    "audit": "translator.audit.survey",
    "plan": "translator.migration",
    "read": "translator.pipeline",
    "translate": "translator.pipeline",
    "verify": "translator.difference",
}


if not TYPE_CHECKING:  # so that type checkers see a misspelt name

    def __getattr__(name: str) -> object:
        """What this module offers, imported when it is asked for (PEP 562)."""
        home, attribute = _HOMES.get(name), name
        if name == "__version__":
            home, attribute = "translator.pipeline", "VERSION"
        if home is None:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(home), attribute)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: runs it and returns its exit code."""
    from translator.cli.app import run  # the library needs no command line
    from translator.verify.hands import use_all

    if arguments is None:  # a process of its own: what it makes lives to its end, in no circles
        gc.disable()
        use_all()
    return run(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
