"""What Gateway API says of a field that is not written."""

from __future__ import annotations

from ir.model import Default
from ir.provenance import Silence, silent, trail
from ir.resilience import Retry
from translator.api import Options

_RETRY = "HTTPRoute.spec.rules[].retry"
_DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"


def silence(options: Options, field: str) -> Silence:
    """The name of a default at the version of the source."""
    return Silence(options.source.mesh, options.source.version, field, _DOCS)


def no_retries(options: Options) -> Default:
    """A rule without ``retry`` tries nothing again."""
    why = silence(options, _RETRY)
    return Default(
        key="Route.retry",
        text="A request is never tried again.",
        silence=why,
        fact=Retry(attempts=silent(0, why), trail=trail("no further tries")),
    )
