"""Workloads outside the cluster: what a WorkloadEntry can hold of them.

istio/api networking/v1alpha3/workload_entry.proto, 1.31: an identity is that of a service account of the own namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.edge import ExternalWorkload
from ir.model import Fact
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_DOC = "https://istio.io/latest/docs/ops/deployment/vm-architecture/"


def legalise_machines(facts: Sequence[Fact], losses: list[Loss]) -> Iterator[Fact]:
    """The facts with workloads outside that have an address, and an account where it is one of the cluster."""
    for fact in facts:
        if not isinstance(fact, ExternalWorkload):
            yield fact
            continue
        endpoint = fact.endpoint
        if endpoint.address is None:
            losses.append(_without_address(fact))
            continue
        account = endpoint.account
        if account is not None and "/" in account.value:
            losses.append(_foreign(fact))
            endpoint = replace(endpoint, account=None)
        losses.append(_agent(fact))
        yield replace(fact, endpoint=endpoint)


def _without_address(fact: ExternalWorkload) -> Loss:
    return Loss(
        code="MM526",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(fact)),
        message=f"the workload outside {fact.namespace.value}/{fact.name.value} has no address and is not written.",
        advice="Give it an address.",
    )


def _foreign(fact: ExternalWorkload) -> Loss:
    account = fact.endpoint.account
    return Loss(
        code="MM526",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        sites=() if account is None else (account,),
        message=f"the identity of {fact.namespace.value}/{fact.name.value} is no service account of its namespace: it is left "
        "out, and whoever asks for it is not answered.",
        advice="Give the machine the identity of a service account.",
    )


def _agent(fact: ExternalWorkload) -> Loss:
    return Loss(
        code="MM526",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.MEDIUM,
        fate=Fate.APPROXIMATED,
        sites=(fact.name,),
        message=f"the machine {fact.namespace.value}/{fact.name.value} must run the target's proxy and agent in the place of the "
        "source's before its traffic is part of the mesh.",
        advice="Make its files with istioctl x workload entry configure, and install the sidecar package.",
        doc=_DOC,
    )
