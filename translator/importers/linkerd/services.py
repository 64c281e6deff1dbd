"""Annotations of Services, which hold for all clients, all backends and all ports that are read as HTTP.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs, 2.20. Nothing validates them: a family of which one value is
wrong counts for nothing. A Service is carried: its annotations are read where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ir.attachment import Attachment, EnforcedAt, Scope, Subject
from ir.opaque import Column, Opaque
from ir.provenance import Traced, trail
from ir.resilience import Outliers, Retry, Timeouts
from translator.api import Options
from translator.importers.linkerd.annotations import (
    ACCRUAL,
    RETRY,
    SINCE,
    TIMEOUT,
    Refused,
    Words,
    read_accrual,
    read_grpc_retry,
    read_http_retry,
    read_timeouts,
)
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource, leaf_ref

T = TypeVar("T")

PREFIXES = (
    "retry.linkerd.io/",
    "timeout.linkerd.io/",
    "balancer.linkerd.io/",
    "balancer.alpha.linkerd.io/",
)
_RATES = "balancer.alpha.linkerd.io/failure-accrual-"
_BIASER = (
    "balancer.alpha.linkerd.io/penalize-failures",
    "balancer.alpha.linkerd.io/load-biaser-penalty",
    "balancer.alpha.linkerd.io/load-biaser-max-retry-after",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWords:
    """What a Service says of requests that are addressed to it and of which no route says anything."""

    namespace: str
    name: str
    retry: Retry | None = None
    grpc_retry: Retry | None = None
    timeouts: Timeouts | None = None
    outliers: Outliers | None = None
    opaque: tuple[Opaque, ...] = ()
    attachment: Attachment
    place: Traced[str]
    """The Service itself, by the leaf of its name."""


Spoken = dict[tuple[str, str], ServiceWords]


def read_services(resources: Sequence[Resource], options: Options, reads: set[int]) -> Spoken:
    """The Services that say something, by namespace and name; of two of one name the last stands."""
    found: Spoken = {}
    for resource in resources:
        if resource.kind == "Service" and "/" not in resource.api_version:
            words = _words(resource, reads)
            space = resource.namespace or options.namespace
            found.pop((space, resource.name), None)
            if words:
                found[space, resource.name] = _spoken(resource, space, words, options)
    return found


def _words(resource: Resource, reads: set[int]) -> Words:
    node = below(resource.node, "metadata", "annotations")
    entries = node.value if node is not None and isinstance(node.value, dict) else {}
    found: dict[str, Traced[str]] = {}
    for key, value in entries.items():
        if key.startswith(PREFIXES) and isinstance(value.value, str):
            leaf = leaf_ref(resource.document.number, value.leaf)
            reads.add(leaf)
            found[key] = Traced(value.value, (leaf,))
    return found


def _spoken(resource: Resource, space: str, words: Words, options: Options) -> ServiceWords:
    node = below(resource.node, "metadata", "name")
    leaf = () if node is None else (leaf_ref(resource.document.number, node.leaf),)
    place = Traced(f"Service/{space}/{resource.name}", (), leaf)
    at = Attachment(
        subject=Subject(
            scope=Scope.SERVICE,
            namespace=Traced(space, (), leaf),
            name=Traced(resource.name, (), leaf),
            trail=trail("the service", because=leaf),
        ),
        enforced_at=EnforcedAt.CLIENT,
    )
    heeded = words if options.source.at_least(SINCE) else {}
    return ServiceWords(
        namespace=space,
        name=resource.name,
        retry=family(read_http_retry, heeded, RETRY),
        grpc_retry=family(read_grpc_retry, heeded, RETRY),
        timeouts=family(read_timeouts, heeded, TIMEOUT),
        outliers=family(lambda own: read_accrual(own, at, options), words, tuple(words)),
        opaque=tuple(_not_modelled(words, at)),
        attachment=at,
        place=place,
    )


def family(read: Callable[[Words], T | None], words: Words, keys: Sequence[str]) -> T | None:
    """What a family says, or nothing where one value of it is wrong."""
    try:
        return read({key: value for key, value in words.items() if key in keys})
    except Refused:
        return None


def _not_modelled(words: Words, at: Attachment) -> list[Opaque]:
    """Success rates and the bias of the balancer, which no fact has words for."""
    unified = ACCRUAL in words and words[ACCRUAL].value == "unified"
    rates = [v for k, v in words.items() if k.startswith(_RATES) or k == ACCRUAL] if unified else []
    bias = [v for k, v in words.items() if k in _BIASER] if _BIASER[0] in words else []
    return [
        Opaque(
            attachment=at,
            kind=kind,
            may_touch=(Column.RESILIENCE,),
            trail=trail(kind, *(leaf for value in values for leaf in value.origin)),
        )
        for kind, values in (
            ("success rates that eject endpoints", rates),
            ("a bias of the balancer against endpoints that fail", bias),
        )
        if values
    ]
