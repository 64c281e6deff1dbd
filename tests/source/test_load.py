"""What is read, in which order, and with the place of every leaf."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from translator.source.load import Loaded, load, load_text

DOCUMENT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def names(loaded: Loaded) -> list[str]:
    """The names of the resources, in order."""
    return [resource.name for resource in loaded.resources]


def places(text: str) -> list[tuple[str, int | None, int | None, object]]:
    """Path, line, column and value of every leaf of the first document."""
    document = load_text(text).documents[0]
    return [
        (path, leaf.line, leaf.column, leaf.value)
        for path, leaf in zip(document.paths(), document.leaves, strict=True)
    ]


def test_every_leaf_has_the_place_of_its_key_or_item() -> None:
    assert places('a:\n  b: [x, "y"]\n  c: {}\n  d: []\n  e:\n"f.g/h": |\n  text\n') == [
        ("a.b[0]", 2, 7, "x"),
        ("a.b[1]", 2, 10, "y"),
        ("a.c", 3, 3, {}),
        ("a.d", 4, 3, []),
        ("a.e", 5, 3, None),
        ('["f.g/h"]', 6, 1, "text\n"),
    ]


def test_json_is_read_with_places_too() -> None:
    assert places('{"a": {"b": [1, true]},\n "c": "\\ud83d\\ude00"}') == [
        ("a.b[0]", 1, 14, 1),
        ("a.b[1]", 1, 17, True),
        ("c", 2, 2, "\N{GRINNING FACE}"),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfa: 1\n",
        "a: 1\n".encode("utf-16"),
        b"a: 1\r\n",
        b"# a comment\n---\n\n---\na: 1\n...\n",
    ],
    ids=["byte order mark", "utf-16", "crlf", "empty documents"],
)
def test_forms_of_one_document(raw: bytes) -> None:
    (document,) = load_text(raw).documents
    assert [(leaf.value, path) for leaf, path in zip(document.leaves, document.paths(), strict=True)] == [(1, "a")]  # fmt: skip


def test_documents_count_as_they_stand_in_the_file() -> None:
    loaded = load_text("---\na: 1\n---\n# nothing\n---\nb: 2\n")
    assert [(d.index, d.paths()) for d in loaded.documents] == [(0, ["a"]), (2, ["b"])]


def test_an_alias_has_a_leaf_of_its_own_in_each_place() -> None:
    assert [p[0] for p in places("a: &x {b: 1, c: [2]}\nd: *x\n")] == ["a.b", "a.c[0]", "d.b", "d.c[0]"]  # fmt: skip


def test_a_merged_key_stands_where_it_lands_and_an_overridden_one_nowhere() -> None:
    text = "base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\n"
    assert [(p[0], p[3]) for p in places(text)] == [
        ("base.x", 1),
        ("base.y", 2),
        ("mine.x", 1),
        ("mine.y", 3),
    ]


def test_a_merge_replaces_what_stands_before_it_and_says_so() -> None:
    loaded = load_text("base: &b {x: 1}\nmine:\n  x: 2\n  <<: *b\n")
    assert [leaf.value for leaf in loaded.documents[0].leaves] == [1, 1]
    (note,) = [note for note in loaded.notes if note.word == "overridden"]
    assert str(note.place) == "-:3:3"


@pytest.mark.parametrize("kind", ["List", "ConfigMapList"])
def test_a_list_is_opened_and_its_wrapper_is_no_resource(kind: str) -> None:
    item = "  - " + (DOCUMENT % "a").replace("\n", "\n    ").rstrip() + "\n"
    loaded = load_text(f"apiVersion: v1\nkind: {kind}\nitems:\n{item}")
    (resource,) = loaded.resources
    assert (resource.kind, resource.name, resource.path) == ("ConfigMap", "a", "items[0]")
    document = loaded.documents[0]
    assert loaded.resource_of(document, 0) is None
    assert loaded.is_list(document)


def test_what_is_no_resource_is_noted_and_stays() -> None:
    loaded = load_text("just: values\n")
    assert names(loaded) == []
    assert [note.word for note in loaded.notes] == ["not-a-resource"]


def test_a_template_is_left_out_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "chart.yaml").write_text("metadata:\n  name: {{ .Values.name }}\n")
    (tmp_path / "plain.yaml").write_text(DOCUMENT % "a")
    loaded = load([tmp_path])
    assert names(loaded) == ["a"]
    assert [note.word for note in loaded.notes] == ["template"]


@pytest.mark.parametrize("line", ["a: '{{ x }}'", "a: 1 # {{ x }}", "a: |\n  {{ x }}"])
def test_braces_in_a_text_are_no_template(line: str) -> None:
    assert load_text(f"{line}\n").notes[0].word == "not-a-resource"


def kustomized(tmp_path: Path, text: str) -> list[str]:
    """The notes on a folder with a manifest and such a kustomization."""
    (tmp_path / "kustomization.yaml").write_text(text)
    (tmp_path / "a.yaml").write_text(DOCUMENT % "a")
    return [f"{note.word} {note.message}" for note in load([tmp_path]).notes]


@pytest.mark.parametrize("head", ["", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"])  # fmt: skip
def test_a_kustomization_that_changes_its_files_is_told(tmp_path: Path, head: str) -> None:
    (note,) = kustomized(tmp_path, f"{head}resources: [a.yaml]\nnamespace: prod\npatches: []\n")
    assert note.startswith("kustomization ")
    assert "(namespace, patches)" in note


def test_a_kustomization_that_lists_files_changes_nothing(tmp_path: Path) -> None:
    assert kustomized(tmp_path, "resources: [a.yaml]\n") == []


def test_an_empty_standard_input_is_an_error() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        load(["-"], stdin=io.BytesIO(b" \n"))
    assert "standard input is empty" in str(raised.value.exceptions[0])
    assert load(["-"], stdin=io.BytesIO(b"# nothing yet\n")).documents == ()


def test_folders_are_read_recursively_in_the_order_of_bytes(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "a/y.json", "B.yaml", ".hidden/x.yaml", "a/readme.md"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        text = DOCUMENT % name.replace("/", "-")
        file.write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}' if name.endswith("json") else text)  # fmt: skip
    assert names(load([tmp_path])) == ["B.yaml", "json", "a-z.yml", "b.yaml"]


def test_the_order_of_paths_makes_no_difference_and_nothing_is_read_twice(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(DOCUMENT % name[0])
    (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    assert names(load([one, other])) == names(load([other, tmp_path, one])) == ["a", "b"]


def test_globs_choose_files(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        (tmp_path / name).write_text(DOCUMENT % name[0])
    assert names(load([tmp_path], include=["[ab].yaml"], exclude=["b*"])) == ["a"]


@pytest.mark.parametrize("stream", [io.StringIO(DOCUMENT % "a"), io.BytesIO(b"kind: X\napiVersion: v1\nmetadata: {name: a}")])  # fmt: skip
def test_a_dash_is_standard_input(stream: io.StringIO | io.BytesIO) -> None:
    loaded = load(["-"], stdin=stream)
    assert (names(loaded), loaded.documents[0].file) == (["a"], "-")
