"""``linkerd.io`` ServiceProfile: routes of a Service, their retries and time limits, and shares for other Services.

linkerd2 controller/gen/apis/serviceprofile/v1alpha2/types.go, pkg/profiles/profiles.go and
controller/api/destination/profile_translator.go; linkerd2-proxy linkerd/service-profiles/src/proto.rs, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable

from ir.attachment import ServicePort
from ir.provenance import Assumption, Traced, absorb, assumed, trail
from ir.resilience import Retry, RetryCondition, Timeouts
from ir.traffic import Backend, Destination, Route, RouteMatch
from translator.api import Options
from translator.importers.linkerd.age import read_created
from translator.importers.linkerd.model import Budget, ServiceProfile
from translator.importers.linkerd.profile_condition import read_alternatives, read_failures
from translator.importers.linkerd.quantity import read_weight
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

SKIP = "smi.linkerd.io/skip"
"""With it a profile is left alone by TrafficSplits (linkerd-smi pkg/adaptor/controller.go)."""

PROFILE_KEYS = frozenset((SKIP,))
ONCE = Assumption(
    "retries-by-budget",
    "a request whose tries are bounded by a budget alone is tried again at most once",
)
_FAILED_CALLS = (
    RetryCondition.GRPC_DEADLINE_EXCEEDED,
    RetryCondition.GRPC_INTERNAL,
    RetryCondition.GRPC_UNAVAILABLE,
)
"""Of the codes that count as failed without a class: DATA_LOSS, PERMISSION_DENIED and UNKNOWN have no word."""
_HUNDRED = 100


def profile_reader(options: Options) -> Callable[[Cursor, Meta], ServiceProfile]:
    """The reader for the cluster domain that the options name."""

    def read_service_profile(root: Cursor, meta: Meta) -> ServiceProfile:
        spec = root.map("spec")
        space, name = service_of(meta.name.value, options)
        read = [_route(item, meta) for item in spec.opt_list("routes")]
        budget = spec.opt_map("retryBudget")
        skip = _annotation(root, SKIP)
        spent = (spec.empty("routes"), spec.empty("dstOverrides"), spec.here)
        return ServiceProfile(
            meta=meta,
            created=read_created(root),
            namespace=space,
            name=name,
            routes=tuple(route for route, _ in read if route is not None),
            overrides=tuple(
                _override(item, meta, options) for item in spec.opt_list("dstOverrides")
            ),
            budget=None if budget is None else _budget(budget),
            idle=tuple(leaf for route, leaves in read if route is None for leaf in leaves)
            + _opaque_ports(spec),
            skipped=skip is not None,
            trail=absorb(meta.fact("ServiceProfile"), *spent, *(() if skip is None else (skip,))),
        )

    return read_service_profile


def service_of(name: str, options: Options) -> tuple[str | None, str]:
    """Namespace and name of the Service that a full name means; no namespace for another name."""
    suffix = f".svc.{options.cluster_domain}"
    own = name.removesuffix(".")
    parts = own.removesuffix(suffix).split(".")
    if own.endswith(suffix) and len(parts) == 2:  # noqa: PLR2004  # name and namespace
        return parts[1], parts[0]
    return None, own


def _annotation(root: Cursor, key: str) -> Traced[str] | None:
    found = root.map("metadata").opt_map("annotations")
    return None if found is None else found.opt_str(key)


def _opaque_ports(spec: Cursor) -> tuple[int, ...]:
    """A list that nothing reads (controller/api/destination/opaque_ports_adaptor.go overwrites it)."""
    found = spec.opt("opaquePorts")
    return () if found is None else found.leaves()


def _route(item: Cursor, meta: Meta) -> tuple[Route | None, tuple[int, ...]]:
    """A route, or the leaves of one that matches nothing."""
    alternatives = read_alternatives(item.map("condition"))
    name, again = item.str("name"), item.opt_bool("isRetryable")
    failures, classed = read_failures(item)
    timeout = item.opt_duration("timeout")
    if not alternatives:
        return None, item.leaves()
    spent: list[Traced[object]] = [] if again is None or again.value else [again]
    spent += [item.empty("responseClasses"), *(() if again and again.value else failures)]
    made = Route(
        name=name,
        matches=tuple(
            RouteMatch(requests=one, trail=trail("alternative", because=meta.because))
            for one in alternatives
        ),
        timeouts=Timeouts(request=timeout, trail=trail("timeouts")) if timeout else None,
        retry=_retry(again, failures, classed=classed) if again and again.value else None,
        trail=absorb(trail("rule", because=meta.because), *spent),
    )
    return made, ()


def _retry(again: Traced[bool], failures: tuple[Traced[int], ...], *, classed: bool) -> Retry:
    """Further tries of a request that failed: as many as the budget allows."""
    answers = () if classed else (RetryCondition.SERVER_ANSWER,)
    return Retry(
        attempts=assumed(1, ONCE, *again.origin),
        conditions=tuple(Traced(word, again.origin) for word in (*answers, *_FAILED_CALLS)),
        statuses=failures,
        trail=absorb(trail("retries"), again),
    )


def _override(item: Cursor, meta: Meta, options: Options) -> Backend:
    authority = item.str("authority")
    host, colon, port = authority.value.partition(":")
    space, name = service_of(host, options)
    return Backend(
        destination=Destination(
            namespace=None if space is None else authority.derive(space),
            name=authority.derive(name),
            port=_port(authority, port, item) if colon else None,
            trail=trail("destination", because=meta.because),
        ),
        weight=read_weight(item),
        trail=trail("share", because=meta.because),
    )


def _port(authority: Traced[str], text: str, item: Cursor) -> Traced[ServicePort]:
    if not text.isascii() or not text.isdecimal():
        raise item.refuse(f'authority: expected a port behind ":", found "{text}".')
    return authority.derive(ServicePort(int(text)))


def _budget(place: Cursor) -> Budget:
    ratio = place.at("retryRatio").as_number()
    return Budget(
        percent=ratio.map(lambda share: share * _HUNDRED),
        at_least=place.int("minRetriesPerSecond"),
        interval=place.at("ttl").as_duration(),
    )
