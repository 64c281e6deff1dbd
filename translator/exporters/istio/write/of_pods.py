"""Objects for sets of pods: all that is said of the same pods stands in one, called by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from ir.access import TokenCheck
from ir.provenance import Traced
from ir.telemetry import Telemetry
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.write.authorization import place_of, selected
from translator.exporters.naming import Names

T = TypeVar("T", Telemetry, TokenCheck)


def by_pods(facts: Iterable[T]) -> Iterable[list[T]]:
    """The facts, those of the same pods together."""
    groups: dict[str, list[T]] = {}
    for fact in facts:
        groups.setdefault(str(place_of(fact.attachment.subject)), []).append(fact)
    return groups.values()


def object_of_pods(  # all that an object is made of
    kind: tuple[str, str],
    group: Sequence[Telemetry | TokenCheck],
    said: dict[str, Tree],
    purpose: tuple[Traced[object], ...],
    *,
    names: Names,
    options: Options,
) -> Manifest:
    """The object of a group of :func:`by_pods`; ``kind``: its API version and kind, ``said``: its spec beside the selector."""
    subjects = [fact.attachment.subject for fact in group]
    spaces = tuple(s.namespace for s in subjects if s.namespace is not None)
    space = spaces[0].value if spaces else options.root_namespace
    selector = selected(subjects)
    called = [one.value for one in selector.values() if isinstance(one, Said)] or ["all"]
    chosen: dict[str, Tree] = {"selector": {"matchLabels": selector}} if selector else {}
    return Manifest(
        api_version=kind[0],
        kind=kind[1],
        namespace=space,
        name=names.take(kind[1], space, *map(str, dict.fromkeys(called))),
        tree={
            **({"metadata": {"namespace": Said(space, spaces)}} if spaces else {}),
            "spec": {**chosen, **said},
        },
        purpose=purpose,
    )
