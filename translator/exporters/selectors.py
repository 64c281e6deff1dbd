"""Label selectors as every kind of Kubernetes writes them."""

from __future__ import annotations

from ir.match import Labels, Operator
from ir.provenance import Traced
from translator.api import Said, Tree


def selector_tree(labels: Traced[Labels]) -> dict[str, Tree]:
    """A label selector; equal labels go under ``matchLabels``."""
    equal: dict[str, Tree] = {}
    other: list[Tree] = []
    for requirement in labels.value.requirements:
        one = requirement.operator is Operator.IN and len(requirement.values) == 1
        if one and requirement.key not in equal:
            equal[requirement.key] = Said(requirement.values[0], (labels,))
        else:
            item: dict[str, Tree] = {
                "key": Said(requirement.key, (labels,)),
                "operator": Said(requirement.operator.value, (labels,)),
            }
            if requirement.values:
                item["values"] = [Said(value, (labels,)) for value in requirement.values]
            other.append(item)
    tree: dict[str, Tree] = {}
    if equal:
        tree["matchLabels"] = equal
    if other:
        tree["matchExpressions"] = other
    return tree
