"""The commands of plans: each is one that its program takes, and what they apply can be read by it.

Flags and words are those of the programs' own references: kubectl 1.32 (kubernetes.io/docs/reference/kubectl/generated),
istioctl 1.31 (istio/istio istioctl/pkg), linkerd 2.20 (linkerd.io/2/reference/cli), hubble 1.20 (cilium/cilium
hubble/cmd/observe/flows.go), curl and dig.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import meshmigrate
from tests.planning.shop import NODES, PODS, SHOP
from translator.report.plan import Plan
from translator.source.load import load_text
from translator.state import pieces_of

SETTINGS: dict[str, Any] = {"node_networks": NODES, "cluster_networks": PODS}
GATEWAY = SHOP.parent / "shop"

NAMESPACE = {"-n", "--namespace"}
KNOWN: dict[tuple[str, ...], set[str]] = {
    ("kubectl", "apply"): {"-k", "-f"},
    ("kubectl", "diff"): {"-k"},
    ("kubectl", "delete"): {"--ignore-not-found", "-f"},
    ("kubectl", "rollout", "restart"): NAMESPACE,
    ("kubectl", "rollout", "status"): NAMESPACE | {"--timeout"},
    ("kubectl", "wait"): NAMESPACE | {"--for", "--timeout"},
    ("kubectl", "get"): NAMESPACE | {"-A", "-o", "-l"},
    ("kubectl", "exec"): NAMESPACE | {"-c"},
    ("istioctl", "version"): {"--short"},
    ("istioctl", "analyze"): NAMESPACE,
    ("istioctl", "proxy-status"): NAMESPACE,
    ("linkerd", "check"): NAMESPACE | {"--proxy", "--linkerd-namespace"},
    ("linkerd", "viz", "allow-scrapes"): NAMESPACE,
    ("linkerd", "viz", "edges"): NAMESPACE,
    ("linkerd", "viz", "authz"): NAMESPACE,
    ("hubble", "observe"): {"--to-namespace", "--verdict", "--last"},
    ("grep",): {"-c"},
    ("curl",): {"-sS", "-o", "-w", "--connect-to"},
    ("dig",): {"+short"},
}
VALUED = {"-n", "--namespace", "-o", "-l", "-c", "-k", "-f", "-w", "--connect-to",
          "--linkerd-namespace", "--to-namespace", "--verdict", "--last"}  # fmt: skip
"""Flags that take the next word."""


@lru_cache
def plans() -> tuple[Plan, ...]:
    """A plan for each way and kind of step."""
    ways = (
        (SHOP, "istio", "linkerd", None),
        (SHOP, "istio", "cilium", None),
        (GATEWAY, "istio", "linkerd", "eg"),
    )
    return tuple(
        meshmigrate.plan([path], source=a, target=b, gateway_class=c, **SETTINGS)
        for path, a, b, c in ways
    )


def commands() -> Iterator[str]:
    for plan in plans():
        yield from (check.command for check in plan.prerequisites)
        for wave in plan.waves:
            yield from (check.command for check in wave.checks)
            for step in (*wave.steps, *wave.rollback):
                yield from step.commands


def parsed(command: str) -> Iterator[tuple[tuple[str, ...], set[str], list[str]]]:
    """The programs of a pipe, each with its flags and its other words; what is asked for in ``$( )`` too."""
    for inner in re.findall(r"\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)", command):
        yield from parsed(inner)
    words = shlex.split(re.sub(r"\$\([^()]*(?:\([^()]*\)[^()]*)*\)", "INNER", command))
    while words:
        end = words.index("|") if "|" in words else len(words)
        yield _one(words[:end])
        words = words[end + 1 :]


def _one(words: list[str]) -> tuple[tuple[str, ...], set[str], list[str]]:
    name = next(known for known in KNOWN if tuple(words[: len(known)]) == known)
    flags: set[str] = set()
    rest: list[str] = []
    ahead = iter(words[len(name) :])
    for word in ahead:
        if word == "--":  # what follows is for the program in the pod, or a pattern
            rest.extend(ahead)
        elif word.startswith(("-", "+")):
            flag = word.partition("=")[0]
            flags.add(flag)
            if flag in VALUED and "=" not in word:
                next(ahead)
        else:
            rest.append(word)
    return name, flags, rest


def test_the_collector_of_linkerd_is_let_in_where_nobody_is_by_default() -> None:
    plan = plans()[0]
    denied = {
        one.namespace
        for wave in plan.waves
        for name, text in plan.files.items()
        if name.startswith(f"{wave.folder}/2-move/") and "default-inbound-policy: deny" in text
        for one in pieces_of(load_text(text), "default").values()
    }
    let_in = {
        check.command.split()[4]
        for wave in plan.waves
        for check in wave.checks
        if "allow-scrapes" in check.command
    }
    assert denied
    assert let_in == denied


def test_every_command_is_one_that_its_program_takes() -> None:
    seen = set()
    for command in dict.fromkeys(commands()):
        for name, flags, _ in parsed(command):
            assert flags <= KNOWN[name], command
            seen.add(name)
    # istioctl analyze and proxy-status are for servers that are still in Istio
    assert set(KNOWN) - seen <= {("istioctl", "analyze"), ("istioctl", "proxy-status")}


def test_a_kind_that_two_meshes_have_is_named_with_its_group() -> None:
    """``kubectl get AuthorizationPolicy`` shows those of one group alone."""
    for command in dict.fromkeys(commands()):
        for name, _, rest in parsed(command):
            if name == ("kubectl", "get"):
                kinds = rest[0].split("/")[0].split(",")
                for kind in kinds:
                    assert not re.search(
                        r"(?i)^(authorizationpolic|httproute|gateway)[a-z]*$", kind
                    )


def test_all_keys_are_strings_so_that_kustomize_can_print_them() -> None:
    """It fails with ``json: unsupported type: map[interface {}]interface {}`` at a key that is a number."""
    read = 0
    for plan in plans():
        for name, text in plan.files.items():
            for value in yaml.safe_load_all(text):
                assert odd(value) == [], name
                read += 1
    assert read > 300


def odd(value: object) -> list[object]:
    if isinstance(value, dict):
        own = [key for key in value if not isinstance(key, str)]
        return own + [key for inner in value.values() for key in odd(inner)]
    return [key for inner in value for key in odd(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "line",
    ["  portLevelMtls: {8080: {mode: STRICT}}", "  portLevelMtls:\n    8080:\n      mode: STRICT"],
)
def test_an_object_of_the_input_is_given_back_with_strings_for_keys(line: str) -> None:
    head = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a, namespace: b}\n"
    (piece,) = pieces_of(load_text(f"{head}spec:\n{line}\n", "x"), "default").values()
    given = yaml.safe_load(piece.manifest)
    assert given["spec"]["portLevelMtls"] == {"8080": {"mode": "STRICT"}}
    assert odd(yaml.safe_load(piece.text)) == [8080]


def test_an_object_without_such_keys_is_given_back_as_it_was_written() -> None:
    text = "# why\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b} # so\n"
    (piece,) = pieces_of(load_text(text, "x"), "default").values()
    assert piece.manifest == text


@pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl here to read the folders")
def test_kubectl_reads_every_folder(tmp_path: Path) -> None:
    plan = plans()[0]
    for name, text in plan.files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    folders = sorted(file.parent for file in tmp_path.rglob("kustomization.yaml"))
    assert folders
    for folder in folders:
        words = ["kubectl", "kustomize", str(folder)]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
        assert ran.returncode == 0, ran.stderr


EXPORTED = """\
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
  uid: 1b4e28ba-2fa1-11d2-883f-0016d3cca427
  resourceVersion: "123"
  generation: 3
  managedFields: [{manager: kubectl}]
spec: {ports: [{port: 80}]} # as it was
status: {loadBalancer: {}}
"""


def test_what_the_api_server_writes_is_not_given_back() -> None:
    """``kubectl apply`` ends in a conflict at a version that is not the newest, and makes no object that has one."""
    (piece,) = pieces_of(load_text(EXPORTED, "x"), "default").values()
    assert yaml.safe_load(piece.manifest) == piece.value
    assert piece.value["metadata"] == {"name": "api", "namespace": "shop"}
    assert "status" not in piece.value
    assert "# as it was" in piece.manifest


def test_an_item_of_a_typed_list_is_given_back_with_what_it_is() -> None:
    text = (
        "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: a, namespace: b, uid: c}\n"
    )
    (piece,) = pieces_of(load_text(text, "x"), "default").values()
    assert yaml.safe_load(piece.manifest) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "namespace": "b"},
    }
