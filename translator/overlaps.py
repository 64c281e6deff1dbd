"""Objects of the input that the target heeds too: what a translation does not overwrite must be deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from translator.api import Loss, Manifest, Options
from translator.report.model import Fate, Impact, Severity, Support
from translator.source.leaves import Resource, leaf_ref


def still_there(
    shared: Sequence[Resource], written: Sequence[Manifest], options: Options
) -> Iterator[Loss]:
    """A loss for each resource that stays in force beside what was written."""
    overwritten = [(_group(manifest.api_version), manifest.key) for manifest in written]
    for resource in shared:
        key = f"{resource.kind}/{resource.namespace or options.namespace}/{resource.name}"
        if (_group(resource.api_version), key) in overwritten:
            continue
        node = resource.node.value
        kind = node.get("kind") if isinstance(node, dict) else None
        leaves = () if kind is None else (leaf_ref(resource.document.number, kind.leaf),)
        yield Loss(
            code="MM220",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.HIGH,
            fate=Fate.ABSORBED,
            leaves=leaves,
            message=f"{key} must be deleted when the source leaves: the target heeds it too, and what is written (or "
            "left out) says what becomes of its rules.",
            advice=f"kubectl delete {resource.kind.lower()} {resource.name} "
            f"-n {resource.namespace or options.namespace}, once the new objects are applied.",
        )


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
