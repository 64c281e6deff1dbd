"""Witnesses of paths with dot elements: each is surely of the class that it stands for."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete_match import pattern_matches, seen_path
from ir.match import PathForm, Pattern, PatternKind, View
from translator.verify.dimensions import Paths, paths_of

ADMIN = Pattern(PatternKind.PREFIX, "/admin")
ITEMS = Pattern(PatternKind.ELEMENT_PREFIX, "/items/hot")
ASKED = frozenset(
    (
        (ADMIN, PathForm.NORMAL),
        (ITEMS, PathForm.NORMAL),
        (ITEMS, PathForm.RAW),
        (ADMIN, PathForm.RAW),
    )
)


@pytest.fixture(name="paths")
def _paths() -> Paths:
    return paths_of(ASKED, by_form=True)


def test_a_witness_is_of_the_class_that_it_stands_for(paths: Paths) -> None:
    for place in range(len(paths.atoms)):
        for path in paths.spellings(place):
            for (pattern, form), covered in paths.covered.items():
                seen = seen_path(path, View(path=form))
                assert pattern_matches(pattern, seen) == bool(covered >> place & 1), (path, form)


def test_every_pair_of_looks_has_a_witness_here(paths: Paths) -> None:
    assert all(paths.spellings(place) for place in range(len(paths.atoms)))


def test_a_path_that_looks_guarded_and_is_not_has_a_witness(paths: Paths) -> None:
    (place,) = (
        n
        for n, atom in enumerate(paths.atoms)
        if atom.tail is not None
        and paths.covered[ITEMS, PathForm.RAW] >> n & 1
        and paths.covered[ADMIN, PathForm.NORMAL] >> n & 1
    )
    wire = paths.spellings(place)[0]
    assert wire.startswith("/items/hot/")
    assert seen_path(wire, View(path=PathForm.NORMAL)).startswith("/admin")
