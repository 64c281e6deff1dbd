"""Writing files: all of a run, or none of them."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from translator.api import MANAGED_BY
from translator.cli.console import encoded
from translator.errors import TargetError


def write_all(
    folder: Path | None,
    files: Mapping[str, str],
    others: Mapping[Path, Iterable[str]],
    *,
    force: bool,
) -> None:
    """Writes ``files`` below ``folder`` and each of ``others`` in its own place.

    Everything is written beside its place first and then renamed, so that an error or an
    interruption on the way leaves nothing behind. Files that are there are replaced among
    ``others``, and below ``folder`` only with ``force``.

    Raises:
        TargetError: something is in the way, or cannot be written.
    """
    try:
        with ExitStack() as cleanup:
            staged = [(_staged(file, chunks, cleanup), file) for file, chunks in others.items()]
            if folder is not None:
                staged[:0] = _staged_below(folder, files, cleanup, force=force)
            _rename(staged)
    except OSError as error:
        message = f"cannot write {error.filename or folder}: {error.strerror}."
        raise TargetError(message) from error


def left_over(folder: Path, files: Iterable[str]) -> list[str]:
    """Manifests below the folder that an earlier run wrote and this one did not, by name."""
    written = set(files)
    names = (
        path.relative_to(folder).as_posix()
        for suffix in (".yaml", ".json")
        for path in folder.rglob(f"*{suffix}")
        if path.is_file() and _OURS.search(path.read_text(encoding="utf-8", errors="replace"))
    )
    return sorted(name for name in names if name not in written)


def left_in_waves(folder: Path, files: Iterable[str]) -> list[str]:
    """Files in the folders of waves that an earlier plan wrote and this one did not, by name."""
    written = set(files)
    names = (path.relative_to(folder).as_posix() for path in folder.glob("wave-*/**/*.yaml"))
    return sorted(name for name in names if name not in written)


_OURS = re.compile(rf"""["']?{re.escape(MANAGED_BY)}["']?: *["']?meshmigrate\b""")
"""The label that new objects carry."""


def _staged(file: Path, chunks: Iterable[str], cleanup: ExitStack) -> Path:
    """A new file beside ``file`` with the text."""
    _refuse_folder(file)
    _make_folder(file.absolute().parent, cleanup)
    number, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:40]}-")
    temporary = Path(name)
    cleanup.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(number, "wb") as stream:
        stream.writelines(map(encoded, chunks))
    temporary.chmod(0o666 & ~_umask())
    return temporary


def _refuse_folder(file: Path) -> None:
    if file.is_dir():
        message = f"cannot write {file}: it is a folder."
        raise TargetError(message)


def _staged_below(
    folder: Path, files: Mapping[str, str], cleanup: ExitStack, *, force: bool
) -> list[tuple[Path, Path]]:
    """The renames that put the files below ``folder``: one of the whole folder where it is new."""
    if folder.exists() and not folder.is_dir():
        message = f"cannot write to {folder}: it is no folder."
        raise TargetError(message)
    there = [name for name in files if os.path.lexists(folder / name)]
    if there and not force:
        rest = f" and {len(there) - 1} more" if len(there) > 1 else ""
        message = f"{folder / there[0]} is there already{rest}: --force writes over it."
        raise TargetError(message)
    # In the folder where it exists, since it may be a file system of its own; else beside it.
    where = folder if folder.exists() else folder.absolute().parent
    _make_folder(where, cleanup)
    stage = Path(tempfile.mkdtemp(dir=where, prefix=".meshmigrate-"))
    cleanup.callback(shutil.rmtree, stage, ignore_errors=True)
    for name, text in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_bytes(encoded(text))
    if not folder.exists():
        stage.chmod(0o777 & ~_umask())
        return [(stage, folder)]
    for name in files:
        _make_folder((folder / name).parent, cleanup)
    return [(stage / name, folder / name) for name in files]


def _make_folder(folder: Path, cleanup: ExitStack) -> None:
    """Makes a folder and those above it; those that stay empty go again."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        cleanup.callback(_remove_empty, one)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _rename(staged: Iterable[tuple[Path, Path]]) -> None:
    """Renames all, or puts everything back as it was."""
    done: list[tuple[Path, Path, Path]] = []
    try:
        for temporary, place in staged:
            _refuse_folder(place)
            saved = temporary.with_name(f"{temporary.name}.before")
            done.append((temporary, place, saved))
            if os.path.lexists(place):
                place.rename(saved)
            temporary.rename(place)
    except BaseException:
        for temporary, place, saved in reversed(done):
            _put_back(temporary, place, saved)
        raise
    for _, _, saved in done:
        saved.unlink(missing_ok=True)


def _put_back(temporary: Path, place: Path, saved: Path) -> None:
    """Undoes one rename, as far as it came: what is gone from ``temporary`` stands at ``place``."""
    if not os.path.lexists(temporary):
        place.rename(temporary)
    if os.path.lexists(saved):
        saved.rename(place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
