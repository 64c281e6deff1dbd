"""What Gateway API says of requests where nothing is written."""

from __future__ import annotations

from ir.model import Default
from ir.provenance import Silence, silent, trail
from ir.resilience import Retry
from translator.api import Options

_DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"
_RETRY = "HTTPRoute.spec.rules[].retry"


def silence(options: Options, field: str) -> Silence:
    """The name of a default at the version of the source."""
    return Silence("gateway-api", options.source.version, field, _DOCS)


def defaults(options: Options) -> tuple[Default, ...]:
    """What holds for every request: each implementation may have limits of its own, the API names none."""

    def plain(key: str, field: str, text: str) -> Default:
        return Default(key=key, text=text, silence=silence(options, field))

    never = Retry(attempts=silent(0, silence(options, _RETRY)), trail=trail("no further tries"))
    return (
        Default(
            key="Route.retry",
            text="A request is never tried again.",
            silence=silence(options, _RETRY),
            fact=never,
        ),
        plain(
            "Timeouts.request",
            "HTTPRoute.spec.rules[].timeouts",
            "A request may take as long as the implementation lets it.",
        ),
    )
