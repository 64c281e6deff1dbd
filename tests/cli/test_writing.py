"""Files are written all or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from translator.cli.writing import write_all
from translator.errors import TargetError


def texts(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_files_and_reports_are_written(tmp_path: Path) -> None:
    others = {tmp_path / "deep/er/r.json": ("{", "}")}
    write_all(tmp_path / "out/b", {"a.yaml": "a", "x/b.yaml": "b"}, others, force=False)
    assert texts(tmp_path) == {
        "deep/er/r.json": "{}",
        "out/b/a.yaml": "a",
        "out/b/x/b.yaml": "b",
    }


def test_a_folder_keeps_what_else_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    write_all(tmp_path, {"a.yaml": "a"}, {}, force=False)
    assert texts(tmp_path) == {"a.yaml": "a", "mine.txt": "mine"}


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_an_error_on_the_way_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    before = {"a.yaml": "old a", "b.yaml": "old b", "mine.txt": "mine"}
    for name, text in before.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    rename = Path.rename
    left = [failing]

    def failing_rename(self: Path, target: Path) -> Path:
        if "/.meshmigrate-" in str(self) and not self.name.endswith(".before"):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing_rename)
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, {"a.yaml": "a", "n/c.yaml": "c", "b.yaml": "b"}, {}, force=True)
    assert texts(tmp_path) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(before)


def test_an_error_while_a_report_is_made_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield "{"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_all(tmp_path / "out", {"a.yaml": "a"}, {tmp_path / "d/r.json": broken()}, force=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_a_file_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (tmp_path / "a.yaml/mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TargetError, match="it is a folder"):
        write_all(tmp_path, {"0.yaml": "0", "a.yaml": "a"}, {}, force=True)
    assert texts(tmp_path) == {"a.yaml/mine.txt": "mine"}


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "a.yaml").symlink_to("mine.txt")
    with pytest.raises(TargetError, match="--force"):
        write_all(tmp_path, {"a.yaml": "a"}, {}, force=False)
    write_all(tmp_path, {"a.yaml": "a"}, {}, force=True)
    assert texts(tmp_path) == {"a.yaml": "a", "mine.txt": "mine"}


def test_what_cannot_be_written_is_a_wrong_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(TargetError, match="cannot write"):
        write_all(tmp_path / "file/out", {"a.yaml": "a"}, {}, force=False)


def test_new_files_have_the_permissions_that_the_user_gives_files(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_all(tmp_path / "out", {"a.yaml": "a"}, {tmp_path / "r.md": "r"}, force=False)
    finally:
        os.umask(old)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("out", "out/a.yaml", "r.md")]
    assert modes == [0o750, 0o640, 0o640]
