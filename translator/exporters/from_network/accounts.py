"""Alternatives of callers by account: whom they let in, and some of them apart from the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ir.match import AllOf, Part, Pattern, PatternKind, Presence, Term, Test, texts_of
from ir.provenance import Traced, named


def accounts_of(way: AllOf) -> list[str]:
    """The accounts that an alternative names one by one."""
    tests = [test for test in way.tests if test.part is Part.SERVICE_ACCOUNT]
    exact = all(_is_exact(t.value) for test in tests for t in test.any_of)
    return [text for test in tests for text in texts_of(test)] if exact else []


def is_certified(way: AllOf) -> bool:
    """Whether it is for callers alone whose certificate says who they are, and it is told which accounts they may have."""
    return bool(accounts_of(way)) or any(_is_of_space(t) or _is_of_anyone(t) for t in way.tests)


def admits(way: AllOf, account: str) -> bool:
    """Whether an alternative may be for an account (``namespace/name``)."""
    known = accounts_of(way)
    if known:
        return account in known
    spaces = [texts_of(test) for test in way.tests if _is_of_space(test)]
    return all(account.partition("/")[0] in texts for texts in spaces)


def only(way: AllOf, accounts: Collection[str]) -> AllOf | None:
    """The alternative for these accounts alone; nothing where it has none of them."""
    own = [text for text in accounts if admits(way, text)]
    if accounts_of(way):
        return _kept(way, lambda text: text in own)
    if not own:
        return None
    test = Test(
        part=Part.SERVICE_ACCOUNT, any_of=_terms(way, own), trail=named("accounts", way.trail)
    )
    return replace(way, tests=(*way.tests, test))


def less(way: AllOf, accounts: Collection[str]) -> AllOf | None:
    """The alternative without these accounts; nothing where no caller is left."""
    out = [text for text in accounts if admits(way, text)]
    if accounts_of(way):
        return _kept(way, lambda text: text not in out)
    if not out:
        return way
    test = Test(
        part=Part.SERVICE_ACCOUNT, none_of=_terms(way, out), trail=named("accounts", way.trail)
    )
    return replace(way, tests=(*way.tests, test))


def _terms(way: AllOf, texts: Collection[str]) -> tuple[Traced[Term], ...]:
    return tuple(named(Pattern(PatternKind.EXACT, text), way.trail) for text in sorted(texts))


def _kept(way: AllOf, keeps: Callable[[str], bool]) -> AllOf | None:
    tests: list[Test] = []
    for test in way.tests:
        if test.part is not Part.SERVICE_ACCOUNT:
            tests.append(test)
            continue
        terms: tuple[Traced[Term], ...] = tuple(
            t for t in test.any_of if isinstance(t.value, Pattern) and keeps(t.value.text)
        )
        if not terms:
            return None
        tests.append(replace(test, any_of=terms))
    return replace(way, tests=tuple(tests))


def _is_exact(term: Term) -> bool:
    return isinstance(term, Pattern) and term.kind is PatternKind.EXACT and not term.ignore_case


def _is_of_space(test: Test) -> bool:
    """Whether it is for callers of namespaces that it names."""
    return (
        test.part is Part.NAMESPACE
        and bool(test.any_of)
        and all(_is_exact(t.value) for t in test.any_of)
    )


def _is_of_anyone(test: Test) -> bool:
    """Whether it is for whoever shows a certificate."""
    there = test.presence is not None and test.presence.value is Presence.PRESENT
    return test.part is Part.CERTIFICATE and there
