"""BackendTLSPolicy and XBackendTrafficPolicy, in the namespace of their Service."""

from __future__ import annotations

from ir.access import ClientTls
from ir.inventory import Inventory
from ir.provenance import Traced
from ir.resilience import RetryBudget
from translator.api import Manifest, Said, Tree
from translator.exporters.naming import Names
from translator.resources.gateway_api.write import X_GROUP, span

_SCHEME = "://"
_BUDGET_SECONDS = 10.0


def write_backend_tls(
    fact: ClientTls, inventory: Inventory, version: str, names: Names
) -> Manifest:
    """The policy of one Service; with ports, of these by their names."""
    space, service = _place(fact)
    if fact.server_name is None:
        raise TypeError(fact)
    validation: dict[str, Tree] = {
        "wellKnownCACertificates": Said("System", (fact.mode,)),
        "hostname": fact.server_name,
    }
    if fact.subject_names:
        validation["subjectAltNames"] = [_alternative(one) for one in fact.subject_names]
    return Manifest(
        api_version=version,
        kind="BackendTLSPolicy",
        namespace=space.value,
        name=names.take("BackendTLSPolicy", space.value, service.value),
        tree={
            "metadata": {"namespace": space},
            "spec": {"targetRefs": _targets(fact, inventory), "validation": validation},
        },
        purpose=(fact.trail, fact.mode),
    )


def _place(fact: ClientTls | RetryBudget) -> tuple[Traced[str], Traced[str]]:
    """Namespace and name of the Service."""
    subject = fact.attachment.subject
    if subject.namespace is None or subject.name is None:
        raise TypeError(fact)
    return subject.namespace, subject.name


def _targets(fact: ClientTls, inventory: Inventory) -> list[Tree]:
    space, name = _place(fact)
    service = inventory.service(space.value, name.value)
    known = {} if service is None else {port.number: port.name for port in service.ports}
    node = (fact.trail,)
    found: list[Tree] = []
    for port in fact.attachment.ports or (None,):
        target: dict[str, Tree] = {
            "group": Said("", node),
            "kind": Said("Service", node),
            "name": name,
        }
        section = "" if port is None else known.get(_number(port), "")
        if port is not None and section:
            target["sectionName"] = Said(section, (port, fact.trail))
        found.append(target)
    return found


def _number(port: Traced[object]) -> int:
    number = getattr(port.value, "port", 0)
    return number if isinstance(number, int) else 0


def _alternative(name: Traced[str]) -> dict[str, Tree]:
    if _SCHEME in name.value:
        return {"type": Said("URI", (name,)), "uri": name}
    return {"type": Said("Hostname", (name,)), "hostname": name}


def write_budget(fact: RetryBudget, names: Names) -> Manifest:
    """The policy of one Service."""
    space, service = _place(fact)
    node = (fact.trail,)
    budget: dict[str, Tree] = {}
    if fact.percent is not None:
        budget["percent"] = fact.percent.map(int)
    budget["interval"] = (
        Said(span(_BUDGET_SECONDS), node) if fact.interval is None else fact.interval.map(span)
    )
    constraint: dict[str, Tree] = {"budget": budget}
    if fact.at_least is not None:
        rate: dict[str, Tree] = {"count": fact.at_least, "interval": Said("1s", (fact.at_least,))}
        constraint["minRetryRate"] = rate
    target: dict[str, Tree] = {
        "group": Said("", node),
        "kind": Said("Service", node),
        "name": service,
    }
    return Manifest(
        api_version=f"{X_GROUP}/v1alpha1",
        kind="XBackendTrafficPolicy",
        namespace=space.value,
        name=names.take("XBackendTrafficPolicy", space.value, service.value),
        tree={
            "metadata": {"namespace": space},
            "spec": {"targetRefs": [target], "retryConstraint": constraint},
        },
        purpose=node,
    )
