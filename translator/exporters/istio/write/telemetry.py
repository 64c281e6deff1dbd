"""``telemetry.istio.io`` Telemetry: what proxies of some pods tell, item by item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ir.model import Fact
from ir.provenance import Traced
from ir.telemetry import Telemetry
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.write.of_pods import by_pods, object_of_pods
from translator.exporters.naming import Names

_KIND = ("telemetry.istio.io/v1", "Telemetry")
FIELDS = {"access logs": "accessLogging", "metrics": "metrics", "traces": "tracing"}
"""What items are about, and the field that lists them."""


def write_telemetry(facts: Sequence[Fact], names: Names, options: Options) -> Iterator[Manifest]:
    """One object for each set of pods."""
    for group in by_pods(fact for fact in facts if isinstance(fact, Telemetry)):
        spec: dict[str, Tree] = {}
        for aspect, field in FIELDS.items():
            items = [_item(fact) for fact in group if fact.aspect.value == aspect]
            if items:
                spec[field] = items
        purpose = tuple(v for f in group for v in (f.trail, f.aspect, f.attachment.subject.trail))
        yield object_of_pods(_KIND, group, spec, purpose, names=names, options=options)


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
