"""Which output goes into which file."""

from __future__ import annotations

from pathlib import Path

import yaml

from translator.cli.layout import Piece, contents, printed, spread
from translator.cli.options import Format, Layout


def piece(resource: str, file: str = "") -> Piece:
    kind, _, name = resource.split("/", 2)
    return Piece(resource, {"kind": kind, "name": name}, f"kind: {kind}\nname: {name}", file)


def test_two_resources_with_one_file_name_stand_in_it_one_after_the_other() -> None:
    pieces = [piece("Gateway/a-b/c"), piece("Gateway/a/b-c")]
    files = spread(pieces, Layout.PER_RESOURCE, Format.YAML, [])
    text = contents(files, Layout.PER_RESOURCE, Format.YAML)["gateway-a-b-c.yaml"]
    assert [one["name"] for one in yaml.safe_load_all(text)] == ["c", "b-c"]


def test_resources_without_a_namespace_have_a_file_of_their_own() -> None:
    pieces = [piece("Namespace//shop"), piece("Service/shop/web")]
    assert list(spread(pieces, Layout.PER_NAMESPACE, Format.JSON, [])) == [
        "cluster.json",
        "shop.json",
    ]


def test_mirror_keeps_files_of_two_roots_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    pieces = [piece(f"X/n/{name}", str(tmp_path / name / "vs.yaml")) for name in ("a", "b")]
    roots = [str(tmp_path / name) for name in ("a", "b")]
    assert list(spread(pieces, Layout.MIRROR, Format.YAML, roots)) == ["a/vs.yaml", "b/vs.yaml"]


def test_mirror_never_leaves_the_output_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    outside = piece("X/n/a", str(tmp_path / "elsewhere/vs.yaml"))
    files = spread([outside], Layout.MIRROR, Format.YAML, [str(tmp_path / "in")])
    assert list(files) == ["elsewhere/vs.yaml"]


def test_mirror_has_a_file_for_standard_input() -> None:
    assert list(spread([piece("X/n/a", "-")], Layout.MIRROR, Format.YAML, [])) == ["stdin.yaml"]


def test_a_kustomization_of_nothing_is_valid() -> None:
    text = contents({}, Layout.KUSTOMIZE, Format.YAML)["kustomization.yaml"]
    assert yaml.safe_load(text)["resources"] == []


def test_documents_are_parted_and_end_in_one_newline() -> None:
    text = "".join(printed([piece("A/n/a"), piece("B/n/b")], Format.YAML))
    assert text == "kind: A\nname: a\n---\nkind: B\nname: b\n"
