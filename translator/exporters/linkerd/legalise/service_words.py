"""Annotations of the target that Services of the input have already: they begin to hold.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20: for every client, on all ports that are read as HTTP,
for routes that set nothing of the family and where there is no route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ir.inventory import Inventory
from ir.model import Fact
from ir.resilience import Outliers
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_FAMILIES = (
    "retry.linkerd.io/",
    "timeout.linkerd.io/",
    "balancer.linkerd.io/",
    "balancer.alpha.linkerd.io/",
)
_WRITTEN = "balancer.linkerd.io/"
"""What is written over where failing endpoints are stated."""


def words_of_services(inventory: Inventory, legal: Iterable[Fact]) -> Iterator[Loss]:
    """A finding for each Service whose annotations nobody heeded so far."""
    written = {_key(fact) for fact in legal if isinstance(fact, Outliers)}
    for key, service in sorted(inventory.services.items()):
        names = [
            name
            for name in sorted(service.annotations)
            if name.startswith(_FAMILIES) and not (key in written and name.startswith(_WRITTEN))
        ]
        if names:
            yield Loss(
                code="MM330",
                impact=Impact.DIFFERENT,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM,
                fate=Fate.APPROXIMATED,
                leaves=service.leaves[:1],
                message=f"{service.key} has {', '.join(names)}, which the source does not heed: they hold from the change "
                "on, for every rule that sets nothing of the kind itself.",
                advice="Take the annotations off the Service, or put them on the routes that need them.",
                doc="https://linkerd.io/2/reference/retries/",
            )


def _key(fact: Outliers) -> tuple[str, str]:
    subject = fact.attachment.subject
    space = "" if subject.namespace is None else subject.namespace.value
    return space, "" if subject.name is None else subject.name.value
