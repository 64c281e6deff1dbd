"""Questions about pairs of policies that another analyser answers, against the exact comparison of ours.

np-guard/network-config-analyzer, tests/: each scheme names configurations (pods, policies) and queries about them with the
expected answer. Compared is what may connect, by TCP and by other protocols, for the pods that are listed and for addresses outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from ir.model import Model
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.compare import Terms, compare
from translator.verify.result import Change, Kind, Verdict

_PLACE = Path("shared", "corpus", "pairs", "nca-semantic")
PAIRS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
SCHEMES = [] if PAIRS is None else sorted(PAIRS.glob("**/*-scheme.yaml"))
needs_pairs = pytest.mark.skipif(not SCHEMES, reason=f"there is no {_PLACE} beside the project")

Tree = dict[str, Any]
LISTS = ("namespaceList", "podList", "resourceList")
RULED = {"resourceList", "networkPolicyList"}
"""Lists of files whose policies count."""
POLICIES = {"NetworkPolicy", "AuthorizationPolicy", "Sidecar"}


class Unasked(Exception):  # noqa: N818  # it names what happened
    """A query that is about something else than what may connect, or about files that are not here."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme."""

    path: Path
    tree: Tree

    def _files(self, value: object) -> Iterator[Path]:
        for name in value if isinstance(value, list) else [value]:
            place = self.path.parent / str(name)
            if place.is_dir():
                yield from sorted(
                    p for p in place.rglob("*") if p.suffix in {".yaml", ".yml", ".json"}
                )
            elif place.is_file():
                yield place
            else:
                raise Unasked(name)

    def model(self, name: str) -> Model:
        """The configuration ``name``, or one policy of it (``name/namespace/policy``)."""
        return model_of(self.objects(name))

    def objects(self, name: str) -> list[Tree]:
        """The objects of the configuration, or those with one policy of it.

        Of files that are named for their pods or namespaces policies do not count.
        """
        own, _, one = name.partition("/")
        config = next((c for c in self.tree["networkConfigList"] if c["name"] == own), None)
        if config is None:
            raise Unasked(name)
        around = {key: config.get(key, self.tree.get(key)) for key in LISTS}
        around["networkPolicyList"] = config.get("networkPolicyList")
        found: dict[Path, bool] = {}
        for key, value in around.items():
            for file in self._files(value) if value else ():
                found[file] = found.get(file, False) or key in RULED
        return [
            o
            for file, ruled in found.items()
            for o in _objects(file)
            if o["kind"] not in POLICIES or (ruled and _is(o, one))
        ]


def _objects(file: Path) -> list[Tree]:
    return list(_read(file))


@cache
def _read(file: Path) -> tuple[Tree, ...]:
    found: list[Tree] = []
    for one in filter(None, yaml.safe_load_all(file.read_text())):
        kind = str(one["kind"])
        items = one.get("items")
        found += (
            [one]
            if items is None
            else [{"kind": kind.removesuffix("List"), "apiVersion": "v1", **i} for i in items]
        )
    return tuple(found)


def _is(policy: Tree, name: str) -> bool:
    meta = policy["metadata"]
    return not name or name == f"{meta.get('namespace', 'default')}/{meta['name']}"


def model_of(objects: Sequence[Tree]) -> Model:
    """What the objects mean, to the mesh that they are for."""
    return _model(yaml.safe_dump_all(objects))


@cache
def _model(text: str) -> Model:
    mesh = "istio" if "istio.io" in text else "cilium"
    loaded = load_text(text)
    options = options_of(loaded, mesh, "linkerd", {})
    return load_importer(mesh)(loaded.resources, options).model


# --- answers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Differing:
    """Whether the second lets something in that the first does not, and the other way round."""

    more: bool
    less: bool


@cache
def differing(one: int, other: int) -> Differing:
    """How two models differ for those who are listed and for addresses outside."""
    proof = compare(MODELS[one], MODELS[other], Terms())
    slices = [found.slice for found in proof.found]
    open_ends = [s.reasons for s in slices if s.verdict in (Verdict.UNKNOWN, Verdict.MAY_DIFFER)]
    kinds = {change.kind for s in slices for change in s.changes if _counts(change)}
    if open_ends and not kinds:
        raise Unasked(open_ends)
    return Differing(Kind.NEWLY_ALLOWED in kinds, Kind.NEWLY_DENIED in kinds)


MODELS: dict[int, Model] = {}


def told(one: Model, other: Model) -> Differing:
    MODELS[id(one)], MODELS[id(other)] = one, other
    return differing(id(one), id(other))


def _counts(change: Change) -> bool:
    """Whether it is one for pods that are listed or for addresses outside; clients of tomorrow are no concern of theirs."""
    callers = [sample.request.caller for sample in change.samples]
    return change.listed or any(not c.namespace and not c.mtls and not c.probe for c in callers)


def equivalence(models: list[Model]) -> int:
    """Pairs that differ."""
    pairs = (told(*pair) for pair in combinations(models, 2))
    return sum(one.more or one.less for one in pairs)


def containment(models: list[Model]) -> int:
    """Those that let nothing in but what the first does."""
    return sum(not told(models[0], other).more for other in models[1:])


def two_way(models: list[Model]) -> int:
    """1: the first holds the second; 2: the second the first; 3: both."""
    found = told(models[0], models[1])
    return (not found.more) + 2 * (not found.less)


QUERIES = {"equivalence": equivalence, "containment": containment, "twoWayContainment": two_way}

METHODS = "they know nine methods; there are others, and connections that are no requests"
CLEAR = (
    "they know callers with an identity alone; a test for another identity holds without one too"
)
ADDRESSES = "blocks of addresses are of what is outside to them; we take pods to have addresses that policies see"
NAMES = (
    "what a Sidecar lists limits no access; a name outside the mesh that it lists is no peer to us"
)

ON_PURPOSE = {
    ("bookinfo-test-equiv-scheme", "equiv-diff-methods-details-viewer"): (1, METHODS),
    ("bookinfo-test-equiv-scheme", "equiv-diff-methods-reviews-viewer"): (1, METHODS),
    ("bookinfo-test-equiv-scheme", "equiv-diff-methods-ratings-viewer"): (1, METHODS),
    ("bookinfo-test-equiv-scheme", "equiv-diff-methods-allow-all-methods"): (1, METHODS),
    ("bookinfo-test-equiv-scheme", "equiv-diff-methods-allow-no-methods"): (1, METHODS),
    ("bookinfo-test-equiv-scheme", "istio-test-operation-regex-equiv1"): (1, METHODS),
    ("bookinfo-test-principals-scheme", "equiv-test-2"): (1, CLEAR),
    ("testcase2-istio-scheme", "equiv-test-1"): (1, ADDRESSES),
    ("containments-w-sidecar-and-service-entry-scheme", "two-way-containment-one-config-with-dns-entry"): (3, NAMES),
    ("equivalence-with-sidecars-scheme", "equiv-one-with-dns-entry"): (0, NAMES),
}  # fmt: skip
"""Our answer where it differs on purpose, with the reason."""

LEAST_ANSWERED = 65
"""Queries that are answered; it may only grow."""

MOST_UNDECIDED = 20
"""Queries that stay open: on addresses of pods that the input does not tell, and on files that are not here."""


def queries(path: Path) -> Iterator[tuple[str, str, list[str], int]]:
    """The queries of a scheme that are about what may connect: name, kind, configurations, expected answer."""
    for query in yaml.safe_load(path.read_text())["queries"]:
        for kind in QUERIES:
            if kind in query:
                yield query["name"], kind, query[kind], query.get("expected", 0)


@needs_pairs
def test_queries_are_answered_as_they_expect() -> None:
    wrong: dict[tuple[str, str], tuple[int, int]] = {}
    answered = undecided = 0
    for path in SCHEMES:
        scheme = Scheme(path, yaml.safe_load(path.read_text()))
        for name, kind, configs, expected in queries(path):
            try:
                found = QUERIES[kind]([scheme.model(one) for one in configs])
            except Unasked:
                undecided += 1
                continue
            answered += 1
            if found != expected:
                wrong[path.stem, name] = (found, expected)
    ours = {key: answer for key, (answer, _) in wrong.items()}
    assert ours == {key: answer for key, (answer, _) in ON_PURPOSE.items()}
    assert answered >= LEAST_ANSWERED
    assert undecided <= MOST_UNDECIDED


@needs_pairs
def test_semantic_differences_that_they_find_are_found() -> None:
    checked = 0
    for path in SCHEMES:
        scheme = Scheme(path, yaml.safe_load(path.read_text()))
        for query in scheme.tree["queries"]:
            names = query.get("semanticDiff", ())
            key = path.stem, query["name"]
            if names and query.get("expected", 0) and key not in NOT_SEEN:
                try:
                    assert equivalence([scheme.model(one) for one in names]) > 0, key
                except Unasked:
                    continue
                checked += 1
    assert checked > 12


NOT_SEEN = {
    ("semantic-diff-with-sidecars-and-service-entries-tests-scheme", "semantic-diff-added-conns-test"): NAMES,
}  # fmt: skip
"""Differences that we do not see, on purpose."""
