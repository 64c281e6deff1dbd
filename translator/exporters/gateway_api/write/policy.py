"""BackendTLSPolicy and XBackendTrafficPolicy, in the namespace of their Service."""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import ClientTls
from ir.inventory import Inventory
from ir.provenance import Traced, derived
from ir.resilience import RetryBudget, SessionAffinity
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


def _place(fact: ClientTls | RetryBudget | SessionAffinity) -> tuple[Traced[str], Traced[str]]:
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


Setting = RetryBudget | SessionAffinity
"""What the policy of a Service holds; of several policies of one Service the oldest alone counts (GEP-713)."""


def of_service(fact: Setting) -> tuple[str, str]:
    """Namespace and name of the Service."""
    space, service = _place(fact)
    return space.value, service.value


def write_traffic_policy(facts: Sequence[Setting], names: Names) -> Manifest:
    """The policy of one Service with all that is said of it."""
    space, service = _place(facts[0])
    node = tuple(fact.trail for fact in facts)
    target: dict[str, Tree] = {
        "group": Said("", node),
        "kind": Said("Service", node),
        "name": derived(service.value, [_place(fact)[1] for fact in facts]),
    }
    spec: dict[str, Tree] = {"targetRefs": [target]}
    for fact in facts:
        match fact:
            case RetryBudget():
                spec["retryConstraint"] = _constraint(fact)
            case SessionAffinity():
                spec["sessionPersistence"] = _session(fact)
    home = derived(space.value, [_place(fact)[0] for fact in facts])
    return Manifest(
        api_version=f"{X_GROUP}/v1alpha1",
        kind="XBackendTrafficPolicy",
        namespace=space.value,
        name=names.take("XBackendTrafficPolicy", space.value, service.value),
        tree={"metadata": {"namespace": home}, "spec": spec},
        purpose=node,
    )


def _constraint(fact: RetryBudget) -> dict[str, Tree]:
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
    return constraint


def _session(fact: SessionAffinity) -> dict[str, Tree]:
    """A cookie that is gone with the client, or one that lives for a time (``cookie x; path=/; ttl=0s``)."""
    name, _, lifetime = fact.key.value.removeprefix("cookie ").split("; ")
    seconds = lifetime.removeprefix("ttl=")
    by = (fact.key,)
    permanent = seconds != "0s"
    kind = "Permanent" if permanent else "Session"
    tree: dict[str, Tree] = {
        "type": Said("Cookie", by),
        "sessionName": fact.key.derive(name),
        "cookieConfig": {"lifetimeType": Said(kind, by)},
    }
    if permanent:
        tree["absoluteTimeout"] = Said(seconds, by)
    return tree
