"""The shop of ``examples/waves`` and a cluster that does what the commands of a plan say."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from translator.migration import plan
from translator.report.plan import Plan, Step

SHOP = Path(__file__).parents[2] / "examples" / "waves"
NODES = ("10.128.0.0/20",)
PODS = ("10.0.0.0/9",)

Objects = dict[tuple[str, str, str, str], object]


@lru_cache
def shop_plan() -> Plan:
    """The plan of the shop."""
    return plan(
        [SHOP], source="istio", target="linkerd", node_networks=NODES, cluster_networks=PODS
    )


def objects(texts: Iterable[str]) -> Objects:
    """The objects of some files, by what makes them the same."""
    found: Objects = {}
    for one in (d for text in texts for d in yaml.safe_load_all(text) if d):
        space = "" if one["kind"] == "Namespace" else one["metadata"].get("namespace", "default")
        group = one["apiVersion"].rpartition("/")[0]
        found[group, one["kind"], space, one["metadata"]["name"]] = one
    return found


def start(folder: Path = SHOP) -> Objects:
    """What is in the cluster before the first wave."""
    return objects(path.read_text() for path in sorted(folder.glob("*.yaml")))


def carried_out(cluster: Objects, step: Step, files: Mapping[str, str]) -> Objects:
    """The cluster after the commands of a step: ``apply -k`` reads the kustomization, ``delete -f`` the file."""
    after = dict(cluster)
    for command in step.commands:
        words = shlex.split(command)
        if words[:3] == ["kubectl", "apply", "-k"]:
            listed = yaml.safe_load(files[f"{words[3]}/kustomization.yaml"])["resources"]
            after.update(objects(files[f"{words[3]}/{name}"] for name in listed))
        elif words[:3] == ["kubectl", "replace", "--force"]:
            after.update(objects([files[words[-1]]]))
        elif words[:2] == ["kubectl", "delete"]:
            for key in objects([files[words[-1]]]):
                after.pop(key, None)
        else:
            # these look, or make pods anew: no object is other than before
            looks = (["kubectl", one] for one in ("diff", "rollout", "wait", "get", "label"))
            assert words[:2] in looks or words[0] in ("curl", "dig"), command
    return after
