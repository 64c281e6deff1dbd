"""``telemetry.istio.io`` Telemetry: what proxies of some pods tell, item by item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ir.model import Fact
from ir.provenance import Traced
from ir.telemetry import Telemetry
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.write.authorization import place_of, selected
from translator.exporters.naming import Names

FIELDS = {"access logs": "accessLogging", "metrics": "metrics", "traces": "tracing"}
"""What items are about, and the field that lists them."""


def write_telemetry(facts: Sequence[Fact], names: Names, options: Options) -> Iterator[Manifest]:
    """One object for each set of pods."""
    groups: dict[str, list[Telemetry]] = {}
    for fact in facts:
        if isinstance(fact, Telemetry):
            groups.setdefault(str(place_of(fact.attachment.subject)), []).append(fact)
    for group in groups.values():
        yield _object(group, names, options)


def _object(group: Sequence[Telemetry], names: Names, options: Options) -> Manifest:
    subjects = [fact.attachment.subject for fact in group]
    spaces = tuple(s.namespace for s in subjects if s.namespace is not None)
    space = spaces[0].value if spaces else options.root_namespace
    selector = selected(subjects)
    named = [one.value for one in selector.values() if isinstance(one, Said)] or ["all"]
    spec: dict[str, Tree] = {}
    if selector:
        spec["selector"] = {"matchLabels": selector}
    for aspect, field in FIELDS.items():
        items = [_item(fact) for fact in group if fact.aspect.value == aspect]
        if items:
            spec[field] = items
    return Manifest(
        api_version="telemetry.istio.io/v1",
        kind="Telemetry",
        namespace=space,
        name=names.take("Telemetry", space, *map(str, dict.fromkeys(named))),
        tree={
            **({"metadata": {"namespace": Said(space, spaces)}} if spaces else {}),
            "spec": spec,
        },
        purpose=tuple(v for f in group for v in (f.trail, f.aspect, f.attachment.subject.trail)),
    )


def _item(fact: Telemetry) -> Tree:
    if fact.setting is None:
        raise TypeError(fact)
    return _tree(json.loads(fact.setting.value), fact.setting)


def _tree(value: object, said: Traced[str]) -> Tree:
    """What was read as one text, as it stood."""
    if isinstance(value, dict) and value:
        return {str(key): _tree(one, said) for key, one in value.items()}
    if isinstance(value, list):
        return [_tree(one, said) for one in value]
    if isinstance(value, (str, int, float)):
        return Said(value, (said,))
    if value == {}:
        return Said({}, (said,))
    raise TypeError(value)


def is_item(text: str) -> bool:
    """Whether a setting is the item of a list, with something at each of its ends."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, dict) and _is_whole(value)


def _is_whole(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_whole, value.values()))
    if isinstance(value, list):
        return bool(value) and all(map(_is_whole, value))
    return value is not None
