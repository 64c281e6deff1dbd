"""All requests over a tiny alphabet: the bit of each in the exact sets is what the naive decider says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import product
from random import Random

import pytest

from ir.access import Closed, Direction, Grant, Refusal
from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.concrete_match import Sight, holds, pattern_matches, seen_path
from ir.behaviour.concrete_place import covers
from ir.behaviour.request import Caller, Request
from ir.behaviour.strip import tests_of as questions_of
from ir.match import Cidr, Pattern, View
from ir.model import Fact, Model
from tests.ir.facts import REVIEWS
from tests.verify.random_access import CALLERS, HEADERS, METHODS, drawn
from translator.verify.access import Comparison
from translator.verify.callers import CALLER_DIMENSION
from translator.verify.decide import allowed
from translator.verify.dimensions import Strings
from translator.verify.doors import Doors
from translator.verify.frame import FIRST_NAME, Frame, asked_of

LONGEST, MANY = 6, 8000
ALPHABET = "/ab"
PATHS = tuple(
    "/" + "".join(rest) for length in range(LONGEST) for rest in product(ALPHABET, repeat=length)
)
"""All paths of up to six characters."""


def requests() -> Iterator[Request]:
    """All of them, to any port."""
    for caller, method, path in product(CALLERS, METHODS, PATHS):
        yield Request(caller=caller, method=method, path=path)
    for caller, path, headers in product(CALLERS, PATHS[:40], HEADERS[1:]):
        yield Request(caller=caller, path=path, headers=headers)


def atom_of(values: Strings, text: str | None) -> int:
    """The atom of a string, found by trying its patterns one by one."""
    if text is None:
        return 0
    found = [
        n
        for n, sample in enumerate(values.samples)
        if sample is not None
        and all(
            isinstance(p, Pattern) and bool(covered >> n & 1) is pattern_matches(p, text)
            for p, covered in values.covered.items()
        )
    ]
    (atom,) = found
    return atom


def told(model: Model, facts: Sequence[Fact], caller: Caller) -> tuple[bool, ...]:
    """What the rules of a door see of a caller besides its address, decided test by test."""
    sight = Sight(request=Request(caller=caller), inventory=model.inventory)
    tests = [t for fact in facts for t in questions_of(fact) if t.part in CALLER_DIMENSION]
    leaving = [
        covers(fact.attachment.subject, caller.namespace, caller.labels, model)
        for fact in facts
        if isinstance(fact, (Closed, Grant, Refusal)) and fact.direction is Direction.OUTBOUND
    ]
    return (*(holds(test, sight) for test in tests), *leaving, caller.mtls, caller.probe)


class Finder:
    """Finds the cell of a request in a frame."""

    def __init__(self, model: Model, facts: Sequence[Fact], frame: Frame) -> None:
        self.frame = frame
        known = {told(model, facts, m.caller): n for n, m in enumerate(frame.world.members)}
        self.members = [(caller, known[told(model, facts, caller)]) for caller in CALLERS]
        self.paths: Mapping[str, int] = {path: self._path(path) for path in PATHS}
        self.methods = {method: atom_of(frame.methods, method) for method in METHODS}

    def _path(self, path: str) -> int:
        paths = self.frame.paths
        found = [
            n
            for n, atom in enumerate(paths.atoms)
            if atom.tail is None
            and all(
                bool(bits >> n & 1) is pattern_matches(p, seen_path(path, View(path=form)))
                for (p, form), bits in paths.covered.items()
            )
        ]
        (one,) = found
        return one

    def _address(self, text: str) -> int:
        values = self.frame.addresses
        return next(
            n
            for n in range(len(values.samples))
            if all(bool(bits >> n & 1) is _inside(text, c) for c, bits in values.covered.items())
        )

    def _caller(self, request: Request) -> int:
        member = next(n for caller, n in self.members if caller == request.caller)
        return next(n for n, group in enumerate(self.frame.callers) if group >> member & 1)

    def cell(self, request: Request) -> int:
        """Its number."""
        at = [0] * len(self.frame.space.sizes)
        at[0], at[1] = self._caller(request), self._address(request.caller.address)
        at[4], at[5] = self.paths[request.path], self.methods[request.method]
        for place, (_, name) in enumerate(self.frame.names):
            value = request.headers.get(name)
            at[FIRST_NAME + place] = atom_of(list(self.frame.names.values())[place], value)
        return sum(a * s for a, s in zip(at, self.frame.space.strides, strict=True))


def _inside(text: str, block: object) -> bool:
    assert isinstance(block, Cidr)
    return ip_address(text) in ip_network(block.block) and not any(
        ip_address(text) in ip_network(one) for one in block.excluding
    )


@pytest.mark.parametrize("seed", range(24))
def test_the_exact_sets_are_those_of_all_requests_decided_one_by_one(seed: int) -> None:
    model = drawn(Random(seed), leaving=seed % 2 == 1)  # noqa: S311  # models for a test
    comparison = Comparison(model, model)
    assert list(comparison.slices())
    here = (d for d in comparison.doors() if isinstance(d, Doors) and d.workload.key == REVIEWS)
    door = next(here)
    frame = Frame(asked_of(door.before.access), comparison.world, http=True)
    facts = (*door.facts[0], *comparison.lowered[0].exits)
    passes, finder = allowed(door.before.access, frame), Finder(model, facts, frame)
    decided = doubtful = 0
    for request in requests():
        try:
            ours = decide_access(model, replace(request, workload=REVIEWS, port=door.port)).allowed
        except Unsupported:
            doubtful += 1
            continue
        decided += 1
        bit = 1 << finder.cell(request)
        assert bool(passes.may & bit) or not ours, request
        assert ours or not passes.must & bit, request
        assert not passes.doubt & bit, request
    assert decided + doubtful > MANY
