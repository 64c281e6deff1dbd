"""What proves who calls, and what is to be said of it: certificates, labels, addresses, trust domains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ir.access import Closed, Grant, GuardedRoutes, MtlsMode, PeerMtls, Refusal
from ir.inventory import Inventory
from ir.match import CALLER_PARTS, AllOf, Cidr, Part, Pattern, PatternKind, Term, Test
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.walk import traced
from translator.api import Loss
from translator.exporters.cilium.legalise.callers import Known
from translator.exporters.cilium.legalise.regions import pods_in, regions_of
from translator.exporters.cilium.legalise.remarks import POLICY, listed
from translator.report.model import Fate, Impact, Severity, Support

MUTUAL = "https://docs.cilium.io/en/v1.20/network/servicemesh/mutual-authentication/mutual-authentication/"
_PROVEN = (Part.CERTIFICATE, Part.IDENTITY, Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN)


def certificates(rulings: Sequence[Fact]) -> Iterator[Loss]:
    """What becomes of the demand for a certificate, by namespace; that clear text is taken is said by nothing."""
    demanded: dict[str, list[PeerMtls]] = {}
    for fact in rulings:
        if not isinstance(fact, PeerMtls) or not any(v.origin for v in traced(fact)):
            continue
        if fact.mode.value is MtlsMode.DEMANDED:
            demanded.setdefault(_where(fact), []).append(fact)
            continue
        yield Loss(
            code="MM405",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(traced(fact)),
            message="no certificate is asked for; the target does so where nothing is written.",
        )
    for where, facts in sorted(demanded.items()):
        yield Loss(
            code="MM405",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(f.mode for f in facts),
            message=f"{where}: no certificate can be demanded. Only pods come in, whom the network knows by their address; "
            "what they send is neither proved nor encrypted by the policy.",
            why="No field of a network policy says so; authentication.mode: required proves nothing about the connection, "
            "is off by default, and goes away with 1.21.",
            advice="Switch on encryption.type=wireguard (all traffic between nodes) or, without rules for ports and "
            "requests, ztunnel for the namespace (label io.cilium/mtls-enabled, 1.19 and later, beta). Then accept the "
            "finding.",
            doc=MUTUAL,
        )


def evidence(rulings: Sequence[Fact], inventory: Inventory) -> Iterator[Loss]:
    """Callers that were known by their certificate are known by labels, one finding a namespace."""
    found: dict[str, list[Traced[object]]] = {}
    names: dict[str, set[str]] = {}
    for fact in rulings:
        if isinstance(fact, (Grant, GuardedRoutes, Refusal)):
            terms: list[Traced[object]] = [
                value
                for test in _tests(fact)
                if test.part in _PROVEN
                for value in (*test.any_of, *test.none_of, test.presence)
                if value is not None
            ]
            if terms:
                found.setdefault(_where(fact), []).extend(terms)
                pods = pods_in(regions_of(fact.attachment.subject, inventory), inventory)
                names.setdefault(_where(fact), set()).update(w.key for w in pods)
    for where, terms in sorted(found.items()):
        shut = [f for f in rulings if _shuts(f) and _where_of(f) in (where, _EVERYWHERE)]
        yield Loss(
            code="MM411",
            impact=Impact.DIFFERENT,
            support=Support.NEVER,
            severity=Severity.HIGH,
            fate=Fate.APPROXIMATED,
            sites=tuple(terms),
            because=tuple(v for f in shut for v in _stated(f)),
            message=f"{where}: callers{_of(names[where])} are known by the labels of the pod that has their address, where "
            "the source asks for a certificate.",
            why="The target tells callers by the identity that the node gives to an address "
            "(io.cilium.k8s.policy.serviceaccount and io.kubernetes.pod.namespace).",
            advice="Take care who may create pods and service accounts in the namespaces that are let in.",
            doc=POLICY,
        )


def left_out_by_name(rulings: Sequence[Fact], known: Known) -> Iterator[Loss]:
    """Whom grants leave out by certificate: the same without one is in the source somebody else, and is let in."""
    grants = [f for f in rulings if isinstance(f, (Grant, GuardedRoutes))]
    terms = [v for f in grants for t in _tests(f) if t.part in _PROVEN for v in t.none_of]
    if terms:
        node = trail("callers without a certificate of the mesh")
        own: Traced[Term] = Traced(Pattern(PatternKind.EXACT, known.trust_domain))
        others = Test(part=Part.TRUST_DOMAIN, none_of=(own,), trail=node)
        yield Loss(
            code="MM411",
            impact=Impact.STRICTER,
            support=Support.NEVER,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            because=tuple(terms),
            ways=(AllOf(tests=(others,), trail=node),),
            message="who is left out by name is left out whatever it shows: in clear text, or with a certificate of another "
            "trust domain, it is let in by the source.",
            why="The target knows a pod by its labels, whatever it sends.",
            advice="Nothing, if these callers are to stay out.",
        )


def _tests(fact: Grant | GuardedRoutes | Refusal) -> Iterator[Test]:
    if isinstance(fact, GuardedRoutes):
        admissions = (a for route in fact.routes for a in route.admissions)
        yield from (t for a in admissions for way in a.callers for t in way.tests)
        return
    yield from (t for way in (*fact.callers, *fact.requests) for t in way.tests)
    yield from (t for t in fact.always if t.part in CALLER_PARTS)


_EVERYWHERE = "all namespaces"


def _where(fact: Closed | Grant | GuardedRoutes | Refusal | PeerMtls) -> str:
    space = fact.attachment.subject.namespace
    return _EVERYWHERE if space is None else space.value


def _where_of(fact: Fact) -> str:
    return _where(fact) if isinstance(fact, (Closed, Grant, Refusal, PeerMtls)) else ""


def _shuts(fact: Fact) -> bool:
    """Whether callers without the right certificate are refused by it."""
    if isinstance(fact, PeerMtls):
        return fact.mode.value is MtlsMode.DEMANDED
    return isinstance(fact, Closed)


def _stated(fact: Fact) -> Iterator[Traced[object]]:
    """What names the fact."""
    if isinstance(fact, PeerMtls):
        yield fact.mode
    if isinstance(fact, (Closed, PeerMtls)):
        yield fact.trail
        space = fact.attachment.subject.namespace
        if space is not None:
            yield space


def addresses(rulings: Sequence[Fact], known: Known, inventory: Inventory) -> Iterator[Loss]:
    """Rules by address are about what is outside of the cluster alone."""
    for refuses, impact in ((False, Impact.STRICTER), (True, Impact.LOOSER)):
        kinds = (Refusal,) if refuses else (Grant, GuardedRoutes)
        tests = [test for f in rulings if isinstance(f, kinds) for test in _on_addresses(f)]
        terms = [term for test in tests for term in (*test.any_of, *test.none_of)]
        inside = [t for t in terms if isinstance(t.value, Cidr) and _inside(t.value, known)]
        beyond = [t for t in terms if all(t is not one for one in inside)]
        if inside and refuses:
            names = _pods_of(rulings, inventory)
            yield _refused_pods(inside, names)
            yield from _elsewhere([t for t in inside if not _all_inside(t.value, known)])
        if not refuses:
            yield from _let_in(rulings, known)
        if beyond or (inside and not refuses):
            yield Loss(
                code="MM410",
                impact=impact,
                support=Support.NEVER,
                severity=None if inside and not refuses else Severity.LOW,
                fate=Fate.APPROXIMATED,
                sites=tuple((() if refuses else inside) or beyond),
                ways=tuple(map(_in_cluster, tests)),
                message="blocks of addresses are about callers outside of the cluster alone: pods and nodes with such an "
                f"address are not {'refused' if refuses else 'let in'} by them.",
                why="A pod is known by its labels; rules by CIDR never select pods or nodes (policy-cidr-match-mode).",
                advice="Name pods by service account or namespace.",
                doc=f"{POLICY}#cidr-based",
            )


def _on_addresses(fact: Grant | GuardedRoutes | Refusal) -> Iterator[Test]:
    return (test for test in _tests(fact) if test.part is Part.PEER_ADDRESS)


def _blocks(fact: Grant | GuardedRoutes | Refusal) -> Iterator[Traced[Term]]:
    for test in _on_addresses(fact):
        yield from (*test.any_of, *test.none_of)


def _kept_out(fact: Grant | GuardedRoutes | Refusal) -> Iterator[Traced[Term]]:
    """The blocks whose addresses a rule leaves out."""
    for test in _on_addresses(fact):
        yield from test.none_of


def _inside(block: Cidr, known: Known) -> bool:
    try:
        return not known.inside(block.block).empty
    except ValueError:
        return True


def _all_inside(block: object, known: Known) -> bool:
    """Whether pods and all that is none may have an address of the block."""
    return isinstance(block, Cidr) and known.inside(block.block).cluster


def _let_in(rulings: Sequence[Fact], known: Known) -> Iterator[Loss]:
    """Whom grants leave out by address: what closes their pods refuses in the source whoever has such an address."""
    for fact in rulings:
        if isinstance(fact, (Grant, GuardedRoutes)):
            subject = fact.attachment.subject.trail.value
            closed = (f for f in rulings if isinstance(f, Closed))
            by = (
                v for f in closed if f.attachment.subject.trail.value == subject for v in traced(f)
            )
            terms = [t for t in _kept_out(fact) if not _all_inside(t.value, known)]
            yield from _elsewhere(terms, tuple(by))


def _elsewhere(
    terms: Sequence[Traced[Term]], by: tuple[Traced[object], ...] = ()
) -> Iterator[Loss]:
    """What is in the cluster and has its addresses elsewhere, as far as the networks that were given say so."""
    if terms:
        yield Loss(
            code="MM410",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=tuple(terms),
            because=by,
            about=tuple(terms),
            ways=(_in_cluster(_of_blocks(terms)),),
            message="what is in the cluster and has its addresses elsewhere, as --cluster-networks and --node-networks say, is "
            f"{'let in though these blocks leave it out' if by else 'not refused by these blocks of addresses'}.",
            why="A pod is known by its labels, a node by what it is; rules by CIDR never select them (policy-cidr-match-mode).",
            advice="Look whether the networks that were given are all that the cluster has.",
            doc=f"{POLICY}#cidr-based",
        )


def _in_cluster(addresses: Test) -> AllOf:
    """What is in the cluster and meets a test on its address."""
    node = trail("callers in the cluster")
    near: Traced[Term] = Traced(Pattern(PatternKind.EXACT, "cluster"))
    return AllOf(tests=(addresses, Test(part=Part.ENTITY, any_of=(near,), trail=node)), trail=node)


def _of_blocks(blocks: Sequence[Traced[Term]]) -> Test:
    return Test(part=Part.PEER_ADDRESS, any_of=tuple(blocks), trail=trail("addresses"))


def _pods_of(rulings: Sequence[Fact], inventory: Inventory) -> Iterator[str]:
    """The workloads that refusals by address are about."""
    for fact in rulings:
        if isinstance(fact, Refusal) and any(_blocks(fact)):
            regions = regions_of(fact.attachment.subject, inventory)
            yield from (w.key for w in pods_in(regions, inventory))


def _refused_pods(terms: Sequence[Traced[Term]], names: Iterable[str]) -> Loss:
    return Loss(
        code="MM403",
        impact=Impact.STRICTER,
        support=Support.NEVER,
        fate=Fate.APPROXIMATED,
        sites=tuple(terms),
        message=f"{listed(names) or 'pods'}: callers in the cluster may have addresses of these blocks, by which the "
        "target does not know them: all of them are refused.",
        why="A pod is known by its labels; rules by CIDR never select pods or nodes (policy-cidr-match-mode).",
        advice="Give --cluster-networks and --node-networks where the blocks lie outside of these; else name the pods that "
        "are to be refused.",
        doc=f"{POLICY}#cidr-based",
    )


def nobody(said: Sequence[Traced[object]]) -> Loss:
    """A refusal of requests that cannot be."""
    return Loss(
        code="MM403",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.INFO,
        fate=Fate.ABSORBED,
        sites=tuple(said),
        message="no request can be all that is asked here: it refuses nobody, and nothing has to be said.",
        advice="Look whether it is meant so: of several conditions on one caller all must hold.",
    )


def strangers(rulings: Sequence[Fact], known: Known) -> Iterator[Loss]:
    """Refusals of callers by their trust domain, which no label tells."""
    terms: list[Traced[object]] = []
    for fact in rulings:
        if isinstance(fact, Refusal):
            for test in _tests(fact):
                asked = (*test.any_of, *test.none_of)
                if test.part is Part.TRUST_DOMAIN or any(
                    _is_foreign(t, test, known) for t in asked
                ):
                    terms.extend(asked)
    if terms:
        yield Loss(
            code="MM430",
            impact=Impact.LOOSER,
            support=Support.NEVER,
            fate=Fate.APPROXIMATED,
            sites=tuple(terms),
            message="trust domains are not told apart: a pod counts as one of the mesh's own, so rules refuse no pod for "
            "its trust domain.",
            why="An identity of the target has a cluster (io.cilium.k8s.policy.cluster) and no trust domain.",
            advice="See that callers of other trust domains come in from outside of the cluster alone, and that nothing "
            "lets the outside in.",
            doc=POLICY,
        )


def _is_foreign(term: Traced[Term], test: Test, known: Known) -> bool:
    value = term.value
    if test.part is not Part.IDENTITY or not isinstance(value, Pattern):
        return False
    return value.kind is PatternKind.EXACT and not value.text.startswith(f"{known.trust_domain}/")


def _of(names: Iterable[str]) -> str:
    found = listed(names)
    return f" of {found}" if found else ""
