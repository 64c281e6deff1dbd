"""``networking.istio.io`` DestinationRule: subsets of a host's endpoints, and their clients' ways.

istio/api networking/v1alpha3/destination_rule.proto; istio/istio
pilot/pkg/networking/core/cluster_traffic_policy.go, 1.31. A whole number 0 that is no wrapper type
means "not set".
"""

from __future__ import annotations

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.inventory import equal_to
from ir.match import Labels
from ir.provenance import Traced, absorb
from translator.importers.istio.destination_rule_balancing import read_balancing
from translator.importers.istio.destination_rule_pool import (
    read_budget,
    read_limits,
    read_outliers,
)
from translator.importers.istio.destination_rule_tls import read_foreign, read_tls
from translator.importers.istio.model import DestinationRule, Policy, Subset
from translator.importers.istio.virtual_service_scope import empties, read_created
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


def read_destination_rule(root: Cursor, meta: Meta) -> DestinationRule:
    """The rule as written.

    Raises:
        InputError: there is no ``host``, or a field has a type that the API server refuses.
    """
    created = read_created(root)
    node = meta.fact("DestinationRule")
    spec = root.opt_map("spec")
    if spec is None:  # the API server takes it; it is for no host
        return DestinationRule(meta=meta, created=created, host=Traced(""), trail=node)
    selector = None
    clients = spec.opt_map("workloadSelector")
    if clients is not None:
        node = empties(absorb(node, clients.here), clients, "matchLabels")
        selector = _labels(clients, "matchLabels")
    return DestinationRule(
        meta=meta,
        created=created,
        host=spec.str("host"),
        export_to=spec.opt_strings("exportTo"),
        subsets=tuple(_subset(item, meta) for item in spec.opt_list("subsets")),
        policy=_policy(spec, meta),
        selector=selector,
        trail=empties(node, spec, "exportTo", "subsets"),
    )


def _labels(owner: Cursor, key: str) -> Traced[Labels]:
    entries = owner.opt_string_map(key)
    origin = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), origin)


def _subset(item: Cursor, meta: Meta) -> Subset:
    """Labels that are left out select all endpoints."""
    found = item.opt_map("labels")
    labels = _labels(item, "labels")
    if found is not None and not labels.origin:
        labels = Traced(labels.value, found.leaf)
    name = item.str("name")
    return Subset(
        name=name,
        labels=labels,
        policy=_policy(item, meta),
        trail=meta.fact(f"subset {name.value}"),
    )


def _policy(owner: Cursor, meta: Meta) -> Policy | None:
    """``trafficPolicy``, block by block."""
    place = owner.opt_map("trafficPolicy")
    if place is None:
        return None
    return _blocks(place, meta, None)


def _at_port(place: Cursor, meta: Meta) -> Policy:
    """An item of ``portLevelSettings``; its port is one of the service's."""
    return _blocks(place, meta, place.map("port").int("number"))


def _blocks(place: Cursor, meta: Meta, port: Traced[int] | None) -> Policy:
    """The blocks of a policy; their subject is a stand-in until hosts are resolved."""
    here = Attachment(
        subject=Subject(scope=Scope.SERVICE, trail=meta.fact("subject")),
        enforced_at=EnforcedAt.CLIENT,
    )
    pool, balancer = place.opt_map("connectionPool"), place.opt_map("loadBalancer")
    outliers, tls = place.opt_map("outlierDetection"), place.opt_map("tls")
    budget = place.opt_map("retryBudget")
    old = None if outliers is None else outliers.opt_int("consecutiveErrors")
    return Policy(
        port=port,
        limits=None if pool is None else read_limits(pool, here, meta),
        balancing=None if balancer is None else read_balancing(balancer, here, meta),
        outliers=None if outliers is None else read_outliers(outliers, here, meta),
        tls=None if tls is None else read_tls(tls, here, meta),
        budget=None if budget is None else read_budget(budget, here, meta),
        foreign=read_foreign(place, balancer, here, meta),
        ports=()
        if port is not None
        else tuple(_at_port(item, meta) for item in place.opt_list("portLevelSettings")),
        quiet=() if old is None else (old,),
        trail=empties(absorb(meta.fact(place.path), place.here), place, "portLevelSettings"),
    )
