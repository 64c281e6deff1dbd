"""What Gateway API says of requests where nothing is written."""

from __future__ import annotations

from ir.model import Default
from translator.api import Options
from translator.importers.route_objects.silence import no_retries, silence


def defaults(options: Options) -> tuple[Default, ...]:
    """What holds for every request: each implementation may have limits of its own, the API names none."""
    return (
        no_retries(options),
        Default(
            key="Timeouts.request",
            text="A request may take as long as the implementation lets it.",
            silence=silence(options, "HTTPRoute.spec.rules[].timeouts"),
        ),
    )
