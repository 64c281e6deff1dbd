"""Callers in the words of an AuthorizationPolicy's ``source``.

istio/istio pilot/pkg/security/authz/model/generator.go, 1.31: an identity is ``<trust domain>/ns/<namespace>/sa/<name>``;
``principals`` of all five parts name the trust domain, ``namespaces`` and ``serviceAccounts`` do not. The API server takes
``serviceAccounts`` beside neither of the others (CRD of security.istio.io, rule of ``source``), and istiod with a
namespace alone and no star.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Presence, Term, Test
from ir.provenance import Traced, derived


def in_source_words(callers: Sequence[AllOf]) -> tuple[AllOf, ...]:
    """The same callers; those who are known by identity alone are one alternative."""
    spelled = [one for caller in callers for one in _by_network(_by_account(_by_identity(caller)))]
    by_name = [one for one in spelled if _is_plain(one)]
    rest = [one for one in spelled if not _is_plain(one)]
    return (*((_united(by_name),) if by_name else ()), *rest)


def _by_identity(caller: AllOf) -> AllOf:
    """A namespace of a trust domain, or a trust domain alone, is the beginning of an identity."""
    spaces = [t for t in caller.tests if t.part is Part.NAMESPACE and _positive(t)]
    domains = [t for t in caller.tests if t.part is Part.TRUST_DOMAIN and _positive(t)]
    if len(domains) != 1 or len(spaces) > 1 or not _exact((*spaces, *domains)):
        return caller
    terms = [
        _derived(f"{_text(domain)}/ns/{_text(space)}/sa/", domain, space)
        for domain in domains[0].any_of
        for space in (spaces[0].any_of if spaces else ())
    ] or [_derived(f"{_text(domain)}/", domain) for domain in domains[0].any_of]
    test = Test(
        part=Part.IDENTITY,
        any_of=tuple(terms),
        trail=derived("identity", [t.trail for t in (*spaces, *domains)]),
    )
    others = [t for t in caller.tests if all(t is not gone for gone in (*spaces, *domains))]
    return replace(caller, tests=(test, *others))


def _by_account(caller: AllOf) -> AllOf:
    """Accounts beside other words for an identity, or of any namespace, are ends of identities."""
    accounts = [t for t in caller.tests if t.part is Part.SERVICE_ACCOUNT]
    alone = not any(test.part in _NO_ACCOUNTS for test in caller.tests)
    few = all(max(len(t.any_of), len(t.none_of)) <= _MOST_ACCOUNTS for t in accounts)
    return caller if alone and few and _exact(accounts) else as_identity(caller)


_MOST_ACCOUNTS = 16
"""Accounts that one list may hold (istio/istio pkg/config/security/security.go ``CheckServiceAccount``, 1.31)."""

_NO_ACCOUNTS = (Part.NAMESPACE, Part.IDENTITY, Part.CERTIFICATE)
"""Parts whose fields accounts may not stand beside."""


def as_identity(caller: AllOf) -> AllOf:
    """The same caller with accounts as the end of an identity, of whatever trust domain: who shows one shows a certificate."""
    tests = [*caller.tests]
    accounts = [t for t in tests if t.part is Part.SERVICE_ACCOUNT]
    if not accounts or any(t.part is Part.IDENTITY for t in tests):
        return caller
    if not all(_ending(t.value) for test in accounts for t in (*test.any_of, *test.none_of)):
        return caller
    shown = [t for t in tests if t.part is Part.CERTIFICATE and _is_shown(t)]
    if any(_positive(test) for test in accounts):
        tests = [t for t in tests if t not in shown]
    else:
        shown = []
    said = [v for t in shown for v in (t.presence, t.trail) if v is not None]
    return replace(
        caller,
        tests=tuple(_ended(t, said) if t.part is Part.SERVICE_ACCOUNT else t for t in tests),
    )


def _is_shown(test: Test) -> bool:
    return test.presence is not None and test.presence.value is Presence.PRESENT


def _ended(test: Test, said: Sequence[Traced[object]]) -> Test:
    any_of, none_of = (
        tuple(derived(Pattern(PatternKind.SUFFIX, _ending(t.value)), (t, *said)) for t in terms)
        for terms in (test.any_of, test.none_of)
    )
    return replace(test, part=Part.IDENTITY, any_of=any_of, none_of=none_of)


def _ending(term: Term) -> str:
    """How the identity of an account ends: one that is named with its namespace, or one of any (``/name``)."""
    if not isinstance(term, Pattern):
        return ""
    space, slash, account = term.text.partition("/")
    match term.kind:
        case PatternKind.EXACT if slash:
            return f"/ns/{space}/sa/{account}"
        case PatternKind.SUFFIX if slash and not space:
            return f"/sa/{account}"
        case _:
            return ""


def _derived(text: str, *parents: Traced[Term]) -> Traced[Term]:
    return derived(Pattern(PatternKind.PREFIX, text), parents)


def _positive(test: Test) -> bool:
    return bool(test.any_of) and not test.none_of


def _exact(tests: Sequence[Test]) -> bool:
    return all(
        isinstance(term.value, Pattern) and term.value.kind is PatternKind.EXACT
        for test in tests
        for term in (*test.any_of, *test.none_of)
    )


def _text(term: Traced[Term]) -> str:
    if not isinstance(term.value, Pattern):
        raise TypeError(term)
    return term.value.text


def _by_network(caller: AllOf) -> Iterator[AllOf]:
    """Blocks with exceptions: an alternative for each set of exceptions, since these hold for all blocks beside them."""
    test = next((t for t in caller.tests if t.part is Part.PEER_ADDRESS and t.any_of), None)
    if test is None:
        yield caller
        return
    groups: dict[tuple[str, ...], list[Traced[Term]]] = {}
    for term in test.any_of:
        if not isinstance(term.value, Cidr):
            raise TypeError(term)
        groups.setdefault(term.value.excluding, []).append(term)
    for excluding, terms in groups.items():
        without = tuple(derived(Cidr(block), terms) for block in excluding)
        own = replace(
            test,
            any_of=tuple(_whole(term) for term in terms),
            none_of=(*test.none_of, *without),
        )
        others = (own if t is test else t for t in caller.tests)
        yield replace(caller, tests=tuple(others))


def _whole(term: Traced[Term]) -> Traced[Term]:
    if not isinstance(term.value, Cidr):
        raise TypeError(term)
    return term.derive(Cidr(term.value.block))


def _is_plain(caller: AllOf) -> bool:
    """Whether nothing but one of several identities is asked."""
    return (
        len(caller.tests) == 1
        and caller.tests[0].part is Part.IDENTITY
        and _positive(caller.tests[0])
    )


def _united(callers: Sequence[AllOf]) -> AllOf:
    if len(callers) == 1:
        return callers[0]
    tests = [caller.tests[0] for caller in callers]
    test = replace(
        tests[0],
        any_of=tuple(term for test in tests for term in test.any_of),
        trail=derived("identity", [test.trail for test in tests]),
    )
    return AllOf(tests=(test,), trail=derived("callers", [caller.trail for caller in callers]))
