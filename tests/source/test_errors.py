"""Input that cannot be read: each error with its place and advice, all of a run together, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from translator.errors import InputError
from translator.source import compose, files
from translator.source.load import load, load_text


def errors(text: str | bytes) -> list[str]:
    """What is wrong with a text called ``x.yaml``."""
    with pytest.raises(ExceptionGroup) as raised:
        load_text(text, "x.yaml")
    return [str(error) for error in _flat(raised.value)]


def of_paths(*paths: Path) -> list[str]:
    """What is wrong with files."""
    with pytest.raises(ExceptionGroup) as raised:
        load(paths)
    return [str(error) for error in _flat(raised.value)]


def _flat(group: ExceptionGroup) -> list[InputError]:
    found = [error for error in group.exceptions if isinstance(error, InputError)]
    assert len(found) == len(group.exceptions)
    return found


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: 1\na: 2\n", "2:1", 'the key "a" stands twice, first at 1:1'),
        ("apiVersion: v1\nkind: A\napiVersion: v1\n", "3:1", 'Put "---" between two documents'),
        ("a: {b: 1, b: 2}\n", "1:11", 'the key "b" stands twice'),
        ("on: 1\ntrue: 2\n", "2:1", 'the key "true" stands twice'),
        ("a:\n  b: 1\n c: 2\n", "3:2", "Mend the indentation"),
        ("a:\n\tb: 1\n", "2:1", "Indent with spaces, not with a tab"),
        ('a: "x\n', "2:1", "The file ends too early"),
        ("a: [1, 2\n", "2:1", "The file ends too early"),
        ("a: *b\n", "1:1", 'no anchor "b" stands before this alias'),
        ("a: &b [*b]\n", "1:8", "stands inside its own anchor"),
        ("a: .nan\n", "1:1", "a number that JSON cannot say"),
        ("a: !!int x\n", "1:1", '"x" is no int'),
        ("? [1]\n: 2\n", "1:3", "expected a text as key"),
        ("~: 1\n", "1:1", "a key cannot be null"),
        ("a:\n  <<: 1\n", "2:3", 'expected a mapping or a list of mappings after "<<"'),
        (b"a: \xff\n", "1:4", "byte 0xff is no UTF-8"),
        (b"a: \x00\n", "1:4", "this is a binary file"),
        ("a: \x07\n", "1:4", "the control character 0x07"),
        ("a: 1\n\ufeffb: 2\n", "2:1", "a byte order mark stands inside"),
        ("kind: 7\napiVersion: v1\n", "1:1: kind", "expected a string, found 7 (a number)"),
        ("kind: X\napiVersion: v1\nmetadata: []\n", "3:1: metadata", "expected a mapping"),
        ("kind: X\napiVersion: v1\nmetadata: {name: 1}\n", "3:12: metadata.name", "Quote it"),
    ],
)  # fmt: skip
def test_an_error_says_where_what_and_what_to_do(text: str | bytes, place: str, said: str) -> None:
    (error,) = errors(text)
    assert error.startswith(f"x.yaml:{place}: "), error
    assert said in error
    assert error.endswith(".")


def test_all_errors_of_a_run_come_together(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\na: 2\nb: *c\n")
    (tmp_path / "b.yaml").write_text("a: [\n")
    found = of_paths(tmp_path, tmp_path / "missing.yaml")
    assert [error.rpartition("/")[2].partition(": ")[0] for error in sorted(found)] == [
        "a.yaml:2:1",
        "a.yaml:3:1",
        "b.yaml:2:1",
        "missing.yaml",
    ]


def test_a_bomb_of_aliases_is_not_opened() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (error,) = errors("\n".join(lines))
    assert f"aliases make more than {compose.EXPANDED} values" in error


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 5_000, "\n".join("  " * n + "a:" for n in range(500))]
)
def test_absurd_depth_is_refused(text: str) -> None:
    (error,) = errors(text)
    # libyaml has a limit of its own for brackets and braces
    assert f"nested deeper than {compose.DEPTH} levels" in error or "maximum nesting depth" in error


def test_depth_made_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300))]
    (error,) = errors("\n".join(lines))
    assert "by aliases" in error


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LIMIT", 16)
    (tmp_path / "a.yaml").write_text("a: 12345678901234567890\n")
    (error,) = of_paths(tmp_path / "a.yaml")
    assert "is larger than" in error


def test_broken_links_and_loops_of_links_are_named(tmp_path: Path) -> None:
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "gone.yaml")
    (tmp_path / "round.yaml").symlink_to(tmp_path / "round.yaml")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "back").symlink_to(tmp_path)
    said = " ".join(of_paths(tmp_path))
    assert "this link leads nowhere" in said
    assert "this link leads round in a circle" in said
    assert "this link leads back to a folder above it" in said


def test_an_empty_folder_and_an_empty_choice_are_errors(tmp_path: Path) -> None:
    assert "no manifests here" in of_paths(tmp_path)[0]
    (tmp_path / "a.yaml").write_text("a: 1\n")
    with pytest.raises(ExceptionGroup) as raised:
        load([tmp_path], exclude=["*.yaml"])
    assert "none of the 1 manifests here is left" in str(raised.value.exceptions[0])


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.yaml")
    (error,) = of_paths(tmp_path / "p.yaml")
    assert "found a pipe" in error
    assert 'Use "-" to read a stream' in error


def test_what_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    (error,) = of_paths(file)
    assert "cannot be read: Permission denied. Check the path and its permissions." in error


@pytest.mark.parametrize("names", [["-", "-"], ["-"]])
def test_standard_input_is_read_once_and_must_be_there(names: list[str]) -> None:
    with pytest.raises(ExceptionGroup, match="in the input"):
        load(names)
