"""The source's silent behaviour: written out where Gateway API has a field for it, else told.

What an implementation does where nothing is written is its own (sigs.k8s.io/gateway-api apis/v1/httproute_types.go,
1.6): no default of the source can be taken for granted.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.model import Default, Model
from ir.provenance import Silence, silent, trail
from ir.resilience import Retry
from translator.api import Loss, Options
from translator.report.model import Fate, Impact, Severity, Support

_RETRY = "Route.retry"
_DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"
_SEVERITIES = {_RETRY: Severity.MEDIUM, "LoadBalancing.algorithm": Severity.INFO}
_OWN = "What implements the routes does what it does."
_WRITTEN = "It is written on the routes of the output as far as Gateway API can say it; not for services without routes."


def of_target(options: Options) -> tuple[Default, ...]:
    """What holds where nothing is written: the API names no further tries (geps/gep-1731, 1.6)."""
    silence = Silence("gateway-api", options.target.version, "HTTPRoute.spec.rules[].retry", _DOCS)
    never = Retry(attempts=silent(0, silence), trail=trail("no further tries"))
    text = "A request is never tried again."
    return (Default(key=_RETRY, text=text, silence=silence, fact=never),)


def lose_defaults(model: Model, *, pinned: bool) -> Iterator[Loss]:
    """A finding for each default of the source; ``pinned``: that for retries is written."""
    for default in model.defaults:
        off = isinstance(default.fact, Retry) and not default.fact.attempts.value
        if not off:
            yield _loss(default, written=pinned and default.key == _RETRY)


def _loss(default: Default, *, written: bool) -> Loss:
    return Loss(
        code="MM307",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL if written else Support.NEVER,
        severity=_SEVERITIES.get(default.key, Severity.LOW),
        fate=Fate.APPROXIMATED if written else Fate.LOST,
        message=f"{default.text} {_WRITTEN if written else _OWN}",
        why=f"{default.silence.field} is not written; this is what holds then.",
        advice="See what the implementation does, and set it where a service relies on it.",
        doc=default.silence.doc,
        default=default.silence,
    )
