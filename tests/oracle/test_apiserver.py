"""What is written, and the commands of a plan, before a real API server."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.cases import cases
from tests.oracle.apiserver import Answer, Server, Tree, needs_server, serving
from tests.planning.shop import SHOP, Objects, carried_out, objects, shop_plan, start
from translator.pipeline import Result, translate_loaded
from translator.report.plan import Step
from translator.state import pieces_of

pytestmark = needs_server

_KUBECTL = "kubectl.kubernetes.io/"
_OWN = ("kube-system", "kube-public", "kube-node-lease")


@pytest.fixture
def server() -> Iterator[Server]:
    """A server in which nothing is yet."""
    with serving() as found:
        yield found


def test_every_output_of_the_fixtures_is_taken_without_a_word(server: Server) -> None:
    """Its schema knows every field, and every rule of it holds; a changed object is as good as it was."""
    faults, seen = [], 0
    for case in cases():
        result: Result = translate_loaded(case.loaded(), replace(case.options(), verify=False))
        pieces = pieces_of(case.loaded(), result.options.namespace)
        given = {piece.resource: dict(piece.value) for piece in pieces.values()}
        for document in result.documents:
            if not server.knows(document.value):
                continue
            _space(server, document.value)
            answer = server.tried(document.text, document.value)
            seen += 1
            if _complains(answer) and not (
                document.edited and _is_refused(server, given[document.resource])
            ):
                faults.append(f"{case.name} {document.resource}: {answer.complaint}")
    assert faults == []
    assert seen > 300


def test_the_story_leads_there_and_back(server: Server, tmp_path: Path) -> None:
    """Of objects that kubectl did not apply; after each wave and each rollback the server holds what the plan says."""
    plan = shop_plan()
    for name, text in plan.files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    server.kubectl("create", "namespace", "istio-system")
    for file in sorted(SHOP.glob("*.yaml")):
        ran = server.kubectl("create", "-f", str(file))
        assert ran.returncode == 0, ran.stderr
    kinds = _kinds(start()) | _kinds(
        objects(t for n, t in plan.files.items() if "kustomi" not in n)
    )
    ran = server.kubectl(*shlex.split(plan.prerequisites[-1].command)[1:])
    assert (ran.returncode, ran.stderr.strip()) in ((0, ""), (0, "No resources found"))
    cluster, before = start(), []
    assert [*_otherwise(server, cluster, kinds)] == []
    for wave in plan.waves:
        before.append(cluster)
        for step in wave.steps:
            cluster = carried_out(cluster, step, plan.files)
            assert [*_carry_out(server, step, tmp_path)] == []
        assert [*_otherwise(server, cluster, kinds)] == [], wave.title
    for wave in reversed(plan.waves):
        for step in wave.rollback:
            assert [*_carry_out(server, step, tmp_path)] == []
        assert [*_otherwise(server, before.pop(), kinds)] == [], wave.title


# --- one object ----------------------------------------------------------------------------------


def _space(server: Server, value: Tree) -> None:
    """Makes the namespace of an object, where there is none."""
    name = value["metadata"].get("namespace", "default")
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    server.ask("POST", "/api/v1/namespaces", json.dumps(body))


def _complains(answer: Answer) -> bool:
    """Linkerd reads TLSRoutes and TCPRoutes as ``v1alpha2`` alone, of which later servers warn."""
    rest = [text for text in answer.warnings if "v1alpha2 version of" not in text]
    return answer.status not in (200, 201) or bool(rest)


def _is_refused(server: Server, value: Tree) -> bool:
    return server.tried(json.dumps(value), value).status not in (200, 201)


# --- a plan --------------------------------------------------------------------------------------


def _carry_out(server: Server, step: Step, folder: Path) -> Iterator[str]:
    """Runs the commands of a step, save those that wait for pods; what goes wrong."""
    for command in step.commands:
        program, *words = shlex.split(command)
        if program != "kubectl" or words[0] == "wait" or words[:2] == ["rollout", "status"]:
            continue
        ran = server.kubectl(*words, cwd=folder)
        said = [
            line for line in ran.stderr.splitlines() if "last-applied-configuration" not in line
        ]
        if ran.returncode or said:
            yield f"{command}: {ran.returncode}: {said}"
        if words[0] == "diff" and ran.stdout:
            yield f"{command} prints {ran.stdout}"


def _kinds(cluster: Objects) -> set[tuple[str, str]]:
    return {(value["apiVersion"], value["kind"]) for value in cluster.values()}  # type: ignore[index]


def _otherwise(server: Server, cluster: Objects, kinds: set[tuple[str, str]]) -> Iterator[str]:
    """In what the server's objects of these kinds are other than those."""
    wanted = {key: _bare(_made_new(server, value)) for key, value in cluster.items()}
    there = {key: _bare(value) for key, value in _there(server, kinds)}
    for key in sorted({*wanted, *there}):
        if wanted.get(key) != there.get(key):
            yield f"{'/'.join(key)}: wanted {wanted.get(key)}, found {there.get(key)}"


def _there(
    server: Server, kinds: set[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str, str, str], Tree]]:
    for version, kind in sorted(kinds):
        path, _ = server.kinds[version, kind]
        answer = server.ask("GET", path)
        assert answer.status == 200, (path, answer.complaint)
        for one in answer.body["items"]:
            own = one["metadata"]
            space, name = own.get("namespace", ""), own["name"]
            beside = kind == "Namespace" and name in (*_OWN, "default", "istio-system")
            if space in _OWN or beside or (space, name) == ("default", "kubernetes"):
                continue
            yield (version.rpartition("/")[0], kind, space, name), {
                **one, "apiVersion": version, "kind": kind,
            }  # fmt: skip


def _made_new(server: Server, value: object) -> Tree:
    """The object with everything that the server writes where nothing is said."""
    assert isinstance(value, dict)
    other = copy.deepcopy(value)
    other["metadata"]["name"] += "-new"
    answer = server.ask("POST", f"{server.folder(other)}?dryRun=All", json.dumps(other))
    assert answer.status == 201, answer.complaint
    return answer.body


def _bare(value: Mapping[str, object]) -> Tree:
    """What an object says, its labels and annotations; without what the server and kubectl note of it."""
    found = json.loads(json.dumps(value))
    own = found["metadata"]
    spec = found.get("spec", {})
    for key in ("clusterIP", "clusterIPs", "finalizers"):
        spec.pop(key, None)
    for holder in (own, spec.get("template", {}).get("metadata", {})):
        for key in ("annotations", "labels"):
            kept = {
                name: text
                for name, text in holder.pop(key, {}).items()
                if not name.startswith((_KUBECTL, "kubernetes.io/metadata.name"))
            }
            if kept:
                holder[key] = kept
    found["metadata"] = {key: own[key] for key in ("labels", "annotations") if key in own}
    found.pop("status", None)
    return found  # type: ignore[no-any-return]
