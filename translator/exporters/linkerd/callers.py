"""Callers in the words that Linkerd has: identities of service accounts and namespaces, and networks.

Only what is sayable as *identity AND network*, OR-ed, exists here; there is no negation but ``except`` of a network
(linkerd2 policy-controller/k8s/index/src/inbound, 2.20). A refusal is therefore subtracted, never said.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Presence, Test
from ir.provenance import Traced

EVERYWHERE = (Cidr("0.0.0.0/0"), Cidr("::/0"))
_PRINCIPAL = 5
"""Parts of ``<trust domain>/ns/<namespace>/sa/<service account>``."""


class Who(StrEnum):
    """How an identity is named, widest first."""

    ANYONE = "anyone"
    AUTHENTICATED = "authenticated"
    """Any workload of the own trust domain."""
    NAMESPACE = "namespace"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, order=True)
class Clause:
    """Callers with this identity **and** from one of these networks (none: from anywhere)."""

    who: Who
    namespace: str = ""
    account: str = ""
    networks: tuple[tuple[str, tuple[str, ...]], ...] | None = None


Callers = frozenset[Clause]
"""Callers that meet any of the clauses; empty: nobody."""

Doubts = list[str]
"""Why a set of callers had to be made narrower than it should be; empty: it is exact."""

NOBODY: Callers = frozenset()
ANYONE = Clause(Who.ANYONE)
AUTHENTICATED = Clause(Who.AUTHENTICATED)


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist as far as the input shows: service accounts by namespace.

    ``complete``: there are no others, so that "everyone but x" can be written out.
    """

    trust_domain: str
    accounts: Mapping[str, tuple[str, ...]]
    complete: bool


class Unsayable(Exception):  # noqa: N818  # carries a reason upwards, is nobody's error
    """The callers cannot be named."""


def positive(
    callers: Sequence[AllOf], known: Known
) -> tuple[Callers, tuple[tuple[AllOf, str], ...]]:
    """The callers of a grant, and the alternatives that cannot be named, with the reason."""
    if not callers:
        return frozenset((ANYONE,)), ()
    found: set[Clause] = set()
    unsaid: list[tuple[AllOf, str]] = []
    for alternative in callers:
        try:
            found.update(clauses(alternative.tests, known))
        except Unsayable as reason:
            unsaid.append((alternative, str(reason)))
    return frozenset(found), tuple(unsaid)


def clauses(tests: Iterable[Test], known: Known) -> Callers:
    """The callers that meet all ``tests``.

    Raises:
        Unsayable: a test has no form among identities and networks.
    """
    result: Callers = frozenset((ANYONE,))
    for test in tests:
        if test.any_of or test.presence is not None:
            wanted = frozenset(c for term in _terms(test) for c in _clause(test, term, known))
            result = intersect(result, wanted)
        if test.none_of:
            doubts: Doubts = []
            result = without(result, replace(test, any_of=test.none_of, none_of=()), known, doubts)
            if doubts:
                raise Unsayable(doubts[0])
    return result


def _terms(test: Test) -> Sequence[Traced[object] | None]:
    return test.any_of or (None,)


def _clause(test: Test, term: Traced[object] | None, known: Known) -> Iterable[Clause]:
    value = None if term is None else term.value
    if test.part is Part.PEER_ADDRESS and isinstance(value, Cidr):
        return (Clause(Who.ANYONE, networks=((value.block, value.excluding),)),)
    if test.part is Part.CERTIFICATE and test.presence is not None:
        if test.presence.value is Presence.PRESENT:
            return (AUTHENTICATED,)
        raise Unsayable("callers without a certificate cannot be told from others")
    if not isinstance(value, Pattern):
        raise Unsayable(f"a caller cannot be named by its {test.part.value.replace('_', ' ')}")
    match test.part:
        case Part.IDENTITY:
            return _identity(value, known)
        case Part.NAMESPACE:
            return tuple(Clause(Who.NAMESPACE, n) for n in _namespaces(value, known))
        case Part.SERVICE_ACCOUNT if value.kind is PatternKind.EXACT:
            namespace, _, account = value.text.partition("/")
            return (Clause(Who.ACCOUNT, namespace, account),)
        case Part.TRUST_DOMAIN:
            return (AUTHENTICATED,) if accepts(value, known.trust_domain) else ()
        case _:
            pass
    raise Unsayable(f"a caller cannot be named by its {test.part.value.replace('_', ' ')}")


def _namespaces(pattern: Pattern, known: Known) -> tuple[str, ...]:
    if pattern.kind is PatternKind.EXACT:
        return (pattern.text,)
    if not known.complete:
        raise Unsayable(f'the namespaces "{pattern.text}" are not all in the input')
    return tuple(n for n in sorted(known.accounts) if accepts(pattern, n))


def _identity(pattern: Pattern, known: Known) -> tuple[Clause, ...]:
    """A principal, or a pattern of principals that is a namespace, the trust domain or everybody."""
    text = pattern.text
    if pattern.kind is PatternKind.NON_EMPTY:
        return (AUTHENTICATED,)
    parts = text.split("/")
    if pattern.kind is PatternKind.EXACT:
        if len(parts) == _PRINCIPAL and parts[0] == known.trust_domain:
            return (Clause(Who.ACCOUNT, parts[2], parts[4]),)
        raise Unsayable(f'"{text}" is not an identity of the trust domain {known.trust_domain}')
    if pattern.kind is PatternKind.PREFIX:
        if text in (f"{known.trust_domain}/", f"{known.trust_domain}/ns/"):
            return (AUTHENTICATED,)
        if parts[:2] == [known.trust_domain, "ns"] and text.endswith("/") and len(parts) in (4, 5):
            return (Clause(Who.NAMESPACE, parts[2]),)
    if known.complete:
        return tuple(
            Clause(Who.ACCOUNT, namespace, account)
            for namespace, accounts in sorted(known.accounts.items())
            for account in accounts
            if accepts(pattern, f"{known.trust_domain}/ns/{namespace}/sa/{account}")
        )
    raise Unsayable(f'the identities "{_spelt(pattern)}" are not all in the input')


def of_any_domain(tests: Iterable[Test], known: Known, *, refuses: bool = False) -> bool:
    """Whether callers that come in are named by account or namespace, whatever their trust domain.

    ``refuses``: the tests are those of a refusal, whose exceptions come in.
    """
    return any(
        _of_any_domain(test, term.value, known)
        for test in tests
        for term in (test.none_of if refuses else test.any_of)
    )


def _of_any_domain(test: Test, value: object, known: Known) -> bool:
    if test.part in (Part.NAMESPACE, Part.SERVICE_ACCOUNT):
        return True
    rooted = isinstance(value, Pattern) and value.text.startswith(f"{known.trust_domain}/")
    return test.part is Part.IDENTITY and not rooted


def _spelt(pattern: Pattern) -> str:
    match pattern.kind:
        case PatternKind.PREFIX:
            return f"{pattern.text}*"
        case PatternKind.SUFFIX:
            return f"*{pattern.text}"
        case _:
            return pattern.text


def accepts(pattern: Pattern, text: str) -> bool:
    """Whether a plain name meets a pattern of names."""
    match pattern.kind:
        case PatternKind.EXACT:
            return text == pattern.text
        case PatternKind.PREFIX:
            return text.startswith(pattern.text)
        case PatternKind.SUFFIX:
            return text.endswith(pattern.text)
        case PatternKind.NON_EMPTY:
            return bool(text)
        case PatternKind.GLOB:
            return _glob(pattern.text.split("*"), text)
        case _:
            raise Unsayable(f"names are not compared by {pattern.kind.value}")


def _glob(pieces: list[str], text: str) -> bool:
    if not text.startswith(pieces[0]):
        return False
    rest = text[len(pieces[0]) :]
    for piece in pieces[1:-1]:
        at = rest.find(piece)
        if at < 0:
            return False
        rest = rest[at + len(piece) :]
    return rest.endswith(pieces[-1]) if len(pieces) > 1 else not rest


def intersect(left: Callers, right: Callers) -> Callers:
    """Callers that are in both."""
    return frozenset(c for a in left for b in right if (c := _both(a, b)) is not None)


def _both(a: Clause, b: Clause) -> Clause | None:
    order = list(Who)
    narrow, wide = (a, b) if order.index(a.who) >= order.index(b.who) else (b, a)
    if not covers(replace(wide, networks=None), replace(narrow, networks=None)):
        return None
    networks = a.networks
    if networks is None:
        networks = b.networks
    elif b.networks is not None:
        networks = _common(networks, b.networks)
        if not networks:
            return None
    return replace(narrow, networks=networks)


Blocks = tuple[tuple[str, tuple[str, ...]], ...]


def _common(left: Blocks, right: Blocks) -> Blocks:
    found = []
    for block, out in left:
        for other, other_out in right:
            a, b = (
                ipaddress.ip_network(block, strict=False),
                ipaddress.ip_network(other, strict=False),
            )
            if a.version == b.version and a.overlaps(b):
                small = a if a.prefixlen >= b.prefixlen else b
                found.append((str(small), _inside(small, (*out, *other_out))))
    return tuple(sorted(found))


def _inside(
    block: ipaddress.IPv4Network | ipaddress.IPv6Network, out: Iterable[str]
) -> tuple[str, ...]:
    nets = (ipaddress.ip_network(o, strict=False) for o in out)
    return tuple(sorted({str(n) for n in nets if n.version == block.version and n.overlaps(block)}))


def covers(wide: Clause, narrow: Clause) -> bool:
    """Whether every caller of ``narrow`` is one of ``wide``."""
    if wide.networks is not None and wide.networks != narrow.networks:
        return False
    match wide.who:
        case Who.ANYONE:
            return True
        case Who.AUTHENTICATED:
            return narrow.who is not Who.ANYONE
        case Who.NAMESPACE:
            return narrow.who in (Who.NAMESPACE, Who.ACCOUNT) and narrow.namespace == wide.namespace
        case Who.ACCOUNT:
            same = (narrow.namespace, narrow.account) == (wide.namespace, wide.account)
            return narrow.who is Who.ACCOUNT and same


def within(narrow: Callers, wide: Callers) -> bool:
    """Whether every clause of ``narrow`` is covered by one of ``wide``."""
    return all(any(covers(own, clause) for own in wide) for clause in narrow)


def without(callers: Callers, refused: Test, known: Known, doubts: Doubts) -> Callers:
    """The callers less those whom the positive test ``refused`` names; narrower where that cannot be said."""
    left = callers
    for term in _terms(refused):
        try:
            bad: Iterable[Clause] = _clause(refused, term, known)
        except Unsayable as reason:
            doubts.append(str(reason))
            return NOBODY
        for clause in bad:
            left = frozenset(c for own in left for c in _less(own, clause, known, doubts))
    return left


def _less(own: Clause, bad: Clause, known: Known, doubts: Doubts) -> Iterable[Clause]:
    """``own`` less ``bad``: exact where they do not meet or one holds the other, else by names that are known."""
    if bad.networks is not None:
        return _less_network(own, bad, doubts)
    meeting = _both(replace(own, networks=None), bad)
    if meeting is None:
        return (own,)
    if covers(bad, own):
        return ()
    if not known.complete or own.who is Who.ANYONE:
        doubts.append("everyone but some callers cannot be said")
    if own.who is Who.ANYONE or own.who is Who.AUTHENTICATED:
        names = [Clause(Who.NAMESPACE, n, networks=own.networks) for n in sorted(known.accounts)]
        return [c for name in names for c in _less(name, bad, known, doubts)]
    accounts = known.accounts.get(own.namespace, ())
    return [
        Clause(Who.ACCOUNT, own.namespace, account, own.networks)
        for account in accounts
        if account != bad.account
    ]


def _less_network(own: Clause, bad: Clause, doubts: Doubts) -> Iterable[Clause]:
    if bad.who is not Who.ANYONE:
        if _both(replace(own, networks=None), replace(bad, networks=None)) is None:
            return (own,)
        doubts.append("callers but those from some networks cannot be said")
        return ()
    networks = own.networks or tuple((c.block, c.excluding) for c in EVERYWHERE)
    found: list[tuple[str, tuple[str, ...]]] = []
    for block, out in networks:
        whole = ipaddress.ip_network(block, strict=False)
        more = [n for n, _ in bad.networks or ()]
        if any(_holds(n, whole) for n in more):
            continue
        found.append((block, tuple(sorted({*out, *_inside(whole, more)}))))
    return (replace(own, networks=tuple(found)),) if found else ()


def _holds(outer: str, inner: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    net = ipaddress.ip_network(outer, strict=False)
    return net.version == inner.version and inner.subnet_of(net)  # type: ignore[arg-type]  # same version


def refuse(
    callers: Callers, alternatives: Sequence[AllOf], known: Known, doubts: Doubts
) -> Callers:
    """The callers that none of the alternatives of a refusal names. No alternative: it names everyone."""
    if not alternatives:
        return NOBODY
    left = callers
    for alternative in alternatives:
        left = _outside(left, alternative.tests, known, doubts)
    return left


def _outside(callers: Callers, tests: Sequence[Test], known: Known, doubts: Doubts) -> Callers:
    """Callers that fail at least one of the tests."""
    found: set[Clause] = set()
    for test in tests:
        if test.any_of or test.presence is not None:
            found |= without(callers, replace(test, none_of=()), known, doubts)
        if test.none_of:
            inside = frozenset(c for t in test.none_of for c in _try(test, t, known, doubts))
            found |= intersect(callers, inside)
    return frozenset(found)


def _try(test: Test, term: Traced[object], known: Known, doubts: Doubts) -> Iterable[Clause]:
    try:
        return _clause(replace(test, any_of=()), term, known)
    except Unsayable as reason:
        doubts.append(str(reason))
        return ()


def authenticated(callers: Callers) -> Callers:
    """Those of the callers that show a certificate."""
    return intersect(callers, frozenset((AUTHENTICATED,)))


def simplest(callers: Callers) -> tuple[Clause, ...]:
    """The clauses that no other clause covers, in a fixed order."""
    key = sorted(callers, key=_order)
    return tuple(c for c in key if not any(o != c and covers(o, c) for o in key))


def _order(clause: Clause) -> tuple[int, str, str, str]:
    return (list(Who).index(clause.who), clause.namespace, clause.account, str(clause.networks))
