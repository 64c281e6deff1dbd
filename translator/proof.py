"""The proof of a translation: what is in force afterwards is read back and compared with the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ir.behaviour.request import TCP, Request
from ir.model import Model
from translator.after import Document, as_source, standing
from translator.api import Import, Loss, Options
from translator.heeded import LATER, claims_of, newly_heeded, told_of
from translator.registry import SOURCES, load_importer
from translator.report.model import (
    ODD_PATHS,
    OTHERWISE,
    UNEXPLAINED,
    Fate,
    Impact,
    LedgerRow,
    Severity,
    Support,
    Verification,
)
from translator.source.leaves import Resource, leaves_below
from translator.source.load import Loaded
from translator.touched import touched
from translator.verify.compare import Found, Proof, Terms, compare
from translator.verify.egress import LEAVES
from translator.verify.explain import Claim, Explained
from translator.verify.result import Kind, Slice, Verdict

ROUTING_ALONE = frozenset(
    (
        "BackendTLSPolicy",
        "DestinationRule",
        "Gateway",
        "GatewayClass",
        "ProxyConfig",
        "ReferenceGrant",
        "ServiceEntry",
        "ServiceProfile",
        "Sidecar",
        "Telemetry",
        "TLSRoute",
        "TCPRoute",
        "TrafficSplit",
        "UDPRoute",
        "VirtualService",
        "WorkloadEntry",
        "WorkloadGroup",
    )
)
"""Kinds that say nothing of who gets in at a workload, whatever of them is not read."""

ACCESS_ALONE = frozenset(
    (
        "AuthorizationPolicy",
        "MeshTLSAuthentication",
        "NetworkAuthentication",
        "NetworkPolicy",
        "PeerAuthentication",
        "ProxyConfig",
        "RequestAuthentication",
        "Server",
        "ServerAuthorization",
        "Telemetry",
    )
)
"""Kinds that say nothing of where requests go, whatever of them is not read."""

SWITCHED_OFF = Verification(reason="switched off with --no-verify")


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of the proof, with the request that shows it."""

    loss: Loss
    witness: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """What the proof comes to in the report."""

    verification: Verification
    told: tuple[Told, ...] = ()
    wider: frozenset[str] = frozenset()
    """The namespaces where more gets in and no finding says so; ``""``: it is not known in which."""
    assumed: tuple[str, ...] = ()
    """What it takes for granted."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A translation that is to be proved."""

    loaded: Loaded
    written: Sequence[Document]
    imported: Import
    model: Model
    losses: Sequence[Loss]
    ledger: Sequence[LedgerRow]


def prove(done: Translated, options: Options) -> Proven:
    """Reads back what is in force after the translation and compares it with the model of the source."""
    if options.target.mesh not in SOURCES:
        reason = f"what was written cannot be read back: {options.target.mesh} has no importer yet"
        return Proven(Verification(reason=reason))
    there = standing(done.loaded, done.written, done.imported.claimed, options)
    try:
        after = load_importer(options.target.mesh)(there.resources, as_source(options))
    except ExceptionGroup as errors:
        reason = f"what was written cannot be read back: {errors.exceptions[0]}"
        return Proven(Verification(reason=reason))
    own = tuple(newly_heeded(done.loaded, done.imported, after))
    proof = compare(done.model, after.model, _terms(done, after, own, options))
    told = (*_told(proof), *map(Told, told_of(own, proof, after.model)))
    return Proven(
        _verification(proof),
        told,
        frozenset(_wider(proof)),
        _assumed(proof, done.model, after.model),
    )


def _assumed(proof: Proof, *models: Model) -> tuple[str, ...]:
    """What the comparison itself takes for granted, beyond what the readings of both sides do."""
    read = {assumption.text for model in models for assumption in model.assumptions}
    return tuple(text for text in proof.assumed if text not in read)


def _terms(done: Translated, after: Import, own: Sequence[Resource], options: Options) -> Terms:
    access: dict[str, dict[str, None]] = {}
    routes: dict[str, dict[str, None]] = {}

    def note(kind: str, space: str, name: str) -> None:
        where = touched(kind, space, name, options)
        for alone, noted in ((ROUTING_ALONE, access), (ACCESS_ALONE, routes)):
            if kind not in alone:
                noted.setdefault(where, {})[f"{kind} that is not read in full"] = None

    for row in done.ledger:
        if row.fate is Fate.UNREAD:
            kind, space, name = (*row.resource.split("/"), "", "")[:3]
            note(kind, space, name)
    for resource in not_read(after):
        note(resource.kind, resource.namespace or "", resource.name)
    return Terms(
        trust_domain=options.trust_domain,
        cluster_domain=options.cluster_domain,
        unread={space: tuple(names) for space, names in access.items()},
        unread_routes={space: tuple(names) for space, names in routes.items()},
        claims=(*map(_claim, done.losses), *claims_of(own)),
    )


def not_read(imported: Import) -> Iterator[Resource]:
    """The resources of which the importer says that it does not read some part."""
    leaves = {leaf for loss in imported.losses if loss.fate is Fate.UNREAD for leaf in loss.leaves}
    documents = {leaf >> 24 for leaf in leaves}
    for resource in imported.claimed:
        if resource.document.number in documents and leaves & set(leaves_below(resource)):
            yield resource


def _claim(loss: Loss) -> Claim:
    leaves = {leaf for value in (*loss.sites, *loss.because) for leaf in value.origin}
    return Claim(
        code=loss.code,
        impact=loss.impact,
        leaves=frozenset((*leaves, *loss.leaves)),
        message=loss.message,
        default="" if loss.default is None else loss.default.field,
        later=loss.code in LATER,
        at=loss.at,
        ways=loss.ways,
        http=loss.http,
    )


# --- what the report says ------------------------------------------------------------------------


def _verification(proof: Proof) -> Verification:
    merged = [rest for one in proof.found for rest in _merged(one)]
    changes = tuple(_change(*rest) for rest in merged)
    equal = sum(proof.counts[v] for v in (Verdict.EQUAL_EXACT, Verdict.EQUAL_UNDER))
    total = sum(proof.counts.values())
    unexplained = len(proof.unexplained())
    told = "all differences are explained by findings"
    if unexplained:
        told = f"{unexplained} differences are explained by no finding"
    ways = any(one.slice.name.startswith(LEAVES) for one in proof.found)
    compared = "ports of workloads and services" + (
        ", and ways out of the cluster," if ways else ""
    )
    reason = f"{equal} of {total} compared {compared} are equal" + (f"; {told}" if changes else "")
    return Verification(
        verdict=proof.verdict.value,
        slices=proof.counts,
        changes=changes,
        reason=reason
        if total
        else "the input lists neither workloads nor routes that could be compared",
        reasons=proof.reasons,
        doubted=proof.doubted,
        exaggerated=tuple(sorted({f"{c.code}: {c.message}" for c in proof.exaggerated})),
        because=tuple(
            tuple((claim.code, claim.message) for claim in explained.claims)
            for _, explained, _ in merged
        ),
    )


def _merged(one: Found) -> Iterator[tuple[Slice, Explained, int]]:
    """The changes of a slice that are alike and explained alike as one, with how many classes they are."""
    groups: dict[tuple[Kind, bool, tuple[str, ...]], list[Explained]] = {}
    for change in one.changes:
        key = change.change.kind, change.change.listed, change.codes
        groups.setdefault(key, []).append(change)
    for held in groups.values():
        claims = {id(claim): claim for change in held for claim in change.claims}
        yield one.slice, replace(held[0], claims=tuple(claims.values())), len(held)


def _change(of: Slice, explained: Explained, classes: int) -> dict[str, object]:
    change = explained.change
    return {
        "kind": change.kind.value,
        "world": "closed" if change.listed else "open",
        "slice": of.name,
        "classes": classes,
        "witness": witness(change.witness.request),
        "before": change.witness.before,
        "after": change.witness.after,
        "explained_by": list(explained.codes),
    }


def witness(request: Request) -> dict[str, object]:
    """A request in the words of the report."""
    caller = request.caller
    source = f"{caller.namespace}/{caller.service_account}" if caller.namespace else caller.address
    if caller.probe:
        source = "a health check of the node"
    return {
        "source": source,
        "trust_domain": caller.trust_domain if caller.mtls and not caller.probe else None,
        "address": caller.address,
        "destination": request.workload
        or request.service
        or request.external
        or f"Gateway/{request.listener}",
        "port": request.port or request.service_port,
        "http": request.http,
        "method": request.method if request.http else None,
        "path": request.path if request.http else None,
        "host": request.authority,
        "headers": dict(request.headers),
        "mtls": caller.mtls and not caller.probe,
        **({} if request.transport == TCP else {"transport": request.transport}),
    }


def _wider(proof: Proof) -> Iterator[str]:
    """Where more gets in than did, without a finding that says so."""
    for _, explained in proof.unexplained():
        if _IMPACTS.get(explained.change.kind) is Impact.LOOSER:
            for sample in explained.change.samples:
                request = sample.request
                inside = request.workload.partition("/")[2] or request.service or request.listener
                space, slash, _ = inside.partition("/")
                yield space if slash else request.caller.namespace


def _told(proof: Proof) -> Iterator[Told]:
    """Findings: differences that nothing explains, and slices whose question is open."""
    for of, explained in proof.unexplained():
        change = explained.change
        wider = _IMPACTS.get(change.kind) is Impact.LOOSER
        yield Told(
            Loss(
                code=UNEXPLAINED if wider else OTHERWISE,
                impact=_IMPACTS.get(change.kind, Impact.DIFFERENT),
                support=Support.NOT_YET,
                severity=Severity.BLOCKER if wider else Severity.HIGH,
                fate=Fate.APPROXIMATED,
                leaves=change.witness.before_leaves,
                message=f"{of.name}: {change.kind.value.replace('_', ' ')}, and no finding says so: "
                f"before {change.witness.before}; after {change.witness.after}.",
                advice="Please report it: this translation does not do what it says.",
            ),
            witness(change.witness.request),
        )
    yield from _odd_paths(proof)
    yield from _open_questions(proof)


def _odd_paths(proof: Proof) -> Iterator[Told]:
    found = [
        (one.slice, explained)
        for one in proof.found
        for explained in one.changes
        if explained.codes == (ODD_PATHS,)
    ]
    for wider in (True, False):
        mine = [
            (of, change)
            for of, change in found
            if (change.change.kind is Kind.NEWLY_ALLOWED) is wider
        ]
        if mine:
            yield _odd(mine, wider=wider)


def _odd(found: Sequence[tuple[Slice, Explained]], *, wider: bool) -> Told:
    """Paths that are not in normal form: they fare otherwise, or pass where a rule of the source refuses them."""
    first = found[0][1].change.witness
    names = ", ".join(sorted({of.name for of, _ in found}))
    fare = "pass where a rule of the source refuses them" if wider else "may take another route"
    return Told(
        Loss(
            code=ODD_PATHS,
            impact=Impact.LOOSER if wider else Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.BLOCKER if wider else Severity.LOW,
            fate=Fate.APPROXIMATED,
            leaves=first.before_leaves,
            message=f"requests whose path is not in normal form (/a/../b, /%61) {fare}: {names}; "
            f"for instance before {first.before}; after {first.after}.",
            why="The source decides on the normal form of a path, the target on the path as it was sent.",
            advice="Let the service itself refuse what no client may ask for." if wider else "",
        ),
        witness(first.request),
    )


_IMPACTS: Mapping[Kind, Impact] = {
    Kind.NEWLY_ALLOWED: Impact.LOOSER,
    Kind.NEWLY_DENIED: Impact.STRICTER,
    Kind.RATE_LOWERED: Impact.STRICTER,
    Kind.RATE_RAISED: Impact.LOOSER,
}


def _open_questions(proof: Proof) -> Iterator[Told]:
    by_reasons: dict[tuple[str, ...], list[str]] = {}
    for one in proof.found:
        if one.slice.verdict in (Verdict.MAY_DIFFER, Verdict.UNKNOWN):
            by_reasons.setdefault(one.slice.reasons, []).append(one.slice.name)
    for reasons, names in sorted(by_reasons.items()):
        yield Told(
            Loss(
                code="MM905",
                impact=Impact.DIFFERENT,
                support=Support.PARTIAL,
                severity=Severity.HIGH,
                fate=Fate.APPROXIMATED,
                message=f"whether requests fare the same is not proved here ({'; '.join(reasons)}): {', '.join(names)}.",
                advice="Check these ports by hand.",
            )
        )
    if not proof.found:
        yield Told(
            Loss(
                code="MM906",
                impact=Impact.NONE,
                support=Support.PARTIAL,
                severity=Severity.MEDIUM,
                fate=Fate.APPROXIMATED,
                message="nothing could be compared: the input lists neither workloads nor routes.",
                advice="Add the Deployments, StatefulSets, DaemonSets or Pods to the input.",
            )
        )
