"""``explain``, ``schema`` and ``version``: what the tool says of itself."""

from __future__ import annotations

import json
from difflib import get_close_matches

from translator.cli.console import out
from translator.errors import TargetError
from translator.report.catalogue import CATALOGUE, page


def run_explain(code: str, *, every: bool) -> int:
    """Prints the page of a code, or a list of all codes."""
    if every:
        out(f"{entry.code}  {entry.title}\n" for entry in CATALOGUE.values())
        return 0
    if not code.strip():
        message = "name a code, such as MM301; --list names all."
        raise TargetError(message)
    entry = CATALOGUE.get(code.strip().upper())
    if entry is None:
        near = _near(code.upper())
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        message = f'there is no finding "{code}": --list names all.{hint}'
        raise TargetError(message)
    out((page(entry),))
    return 0


def _near(code: str) -> list[str]:
    """Codes that are spelt alike, those first that agree in the most places."""
    alike = get_close_matches(code, CATALOGUE, n=len(CATALOGUE))
    return sorted(alike, key=lambda one: -sum(a == b for a, b in zip(one, code, strict=False)))[:3]


def run_schema(what: str) -> int:
    """Prints the JSON Schema of the report, of an audit, of a plan, of the neutral model or of the settings file."""
    match what:
        case "report":
            from translator.report.schema import report_schema

            schema = report_schema()
        case "audit":
            from translator.report.schema import audit_schema

            schema = audit_schema()
        case "plan":
            from translator.report.schema import plan_schema

            schema = plan_schema()
        case "ir":
            from translator.cli.neutral_schema import model_schema

            schema = model_schema()
        case "config":
            from translator.cli.config import settings_schema

            schema = settings_schema()
        case _:
            message = f'there is no schema "{what}": expected report, audit, plan, ir or config.'
            raise TargetError(message)
    out((json.dumps(schema, indent=2) + "\n",))
    return 0


def run_version() -> int:
    """Prints the version."""
    from translator.pipeline import VERSION

    out((f"meshmigrate {VERSION}\n",))
    return 0
