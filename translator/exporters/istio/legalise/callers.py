"""Callers in the words of an AuthorizationPolicy's ``source``.

istio/istio pilot/pkg/security/authz/model/generator.go, 1.31: an identity is ``<trust domain>/ns/<namespace>/sa/<name>``;
``principals`` of all five parts name the trust domain, ``namespaces`` and ``serviceAccounts`` do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, derived


def in_source_words(callers: Sequence[AllOf]) -> tuple[AllOf, ...]:
    """The same callers; those who are known by identity alone are one alternative."""
    spelled = [one for caller in callers for one in _by_network(_by_identity(caller))]
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


def _derived(text: str, *parents: Traced[Term]) -> Traced[Term]:
    return derived(Pattern(PatternKind.PREFIX, text), parents)


def _positive(test: Test) -> bool:
    return bool(test.any_of) and not test.none_of


def _exact(tests: Sequence[Test]) -> bool:
    return all(
        isinstance(term.value, Pattern) and term.value.kind is PatternKind.EXACT
        for test in tests
        for term in test.any_of
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
