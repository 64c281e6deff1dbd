"""Which gateways are served by the same pods: those whose labels some pod may bear together.

istio/istio pilot/pkg/model/push_context.go ``mergeGateways``, 1.31: a Gateway is served by each pod whose labels hold those of
its selector, whatever labels the pod has besides. So two that differ may choose the same pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ir.inventory import Inventory, equal_to
from ir.provenance import Assumption, Traced
from translator.api import EVERY_POD, Beside, Options

APART = Assumption(
    "gateway-pods-apart",
    "pods of gateways with other labels (--gateway-selector) are those of the input: none bears the labels of two",
)
Words = Mapping[str, str]
Shared = tuple[list[Traced[str]], str, str]
"""Gateways that are written, the labels of their pods, and a Gateway of the input that stays, if it is about one."""


@dataclass(slots=True)
class Pods:
    """The gateways by the labels of their pods."""

    inventory: Inventory
    chosen: dict[str, tuple[Words, list[Traced[str]]]] = field(default_factory=dict)

    def note(self, labels: Words, gateway: Traced[str]) -> None:
        """Notes a gateway that is written."""
        self.chosen.setdefault(text_of(labels), (labels, []))[1].append(gateway)

    def shared(self, options: Options) -> Iterator[Shared]:
        """Gateways of the same pods, those that stay after those that are written."""
        groups: list[list[tuple[Words, list[Traced[str]]]]] = []
        for found in self.chosen.values():
            near = [g for g in groups if any(self.meet(found[0], other) for other, _ in g)]
            groups = [g for g in groups if not any(g is other for other in near)]
            groups.append([*(own for g in near for own in g), found])
        for group in groups:
            gateways = [gateway for _, own in group for gateway in own]
            if len(gateways) > 1:
                yield gateways, "; ".join(text_of(labels) for labels, _ in group), ""
        for one in options.beside:
            labels = _labels(one)
            for words, own in self.chosen.values():
                if labels is not None and self.meet(words, labels):
                    yield own, text_of(words), f"{one.namespace}/{one.name}"

    def meet(self, one: Words, other: Words) -> bool:
        """Whether some pod may bear both; not where pods of each are listed and none of them does."""
        if not _fit(one, other):
            return False
        if one.items() <= other.items() or other.items() <= one.items():
            return True
        mine, theirs, both = (bool(self._listed(w)) for w in (one, other, {**one, **other}))
        return both or not (self.inventory.complete or (mine and theirs))

    def assumptions(self) -> Iterator[Assumption]:
        """What is taken for granted where gateways are held to be apart."""
        found = [labels for labels, _ in self.chosen.values()]
        pairs = ((a, b) for n, a in enumerate(found) for b in found[n + 1 :])
        if not self.inventory.complete and any(_fit(*p) and not self.meet(*p) for p in pairs):
            yield APART

    def _listed(self, labels: Words) -> bool:
        return bool(self.inventory.selected(None, equal_to(dict(labels))))


def _labels(one: Beside) -> Words | None:
    """The labels of the pods of a Gateway of Istio's own kind; nothing for other objects."""
    if one.kind != "Gateway" or not one.host:
        return None
    pairs = (word.partition("=") for word in one.host.split(",") if one.host != EVERY_POD)
    return {key: value for key, _, value in pairs}


def _fit(one: Words, other: Words) -> bool:
    """Whether no label would have two values."""
    return all(other.get(key, value) == value for key, value in one.items())


def text_of(labels: Words) -> str:
    """The labels, as they are given."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
