"""Which files a run reads, and their bytes as text; every way that this can go wrong has its error."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import BinaryIO, TextIO

from translator.errors import InputError, Place

SUFFIXES = (".yaml", ".yml", ".json")
"""Files that are read in a folder; a file that is named is read whatever its suffix."""

LIMIT = 64 << 20
"""Bytes of one file."""

STDIN = "-"

# What YAML does not allow in a text (yaml.org/spec/1.1, c-printable); a mark inside is its own case.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BREAK_BYTES = re.compile(rb"\r\n?|\n")


@dataclass(slots=True)
class Search:
    """Finds the files of a run. Globs are matched with the name that the user would give a file.

    A glob without a slash is also matched with the last part of the name.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    errors: list[InputError] = field(default_factory=list)
    _visited: set[str] = field(default_factory=set)

    def files(self, names: Iterable[str]) -> list[str]:
        """All files at these paths, each once, sorted bytewise; ``-`` stays as it is."""
        found: dict[str, str] = {}
        for name in sorted(names, key=os.fsencode):
            for file in self._at(name):
                if name == STDIN or self._wanted(file):
                    found.setdefault(STDIN if name == STDIN else os.path.realpath(file), file)
        return sorted(found.values(), key=os.fsencode)

    def _at(self, name: str) -> Iterator[str]:
        if name == STDIN:
            yield name
            return
        mode = self._mode(name)
        if mode is None:
            return
        if not stat.S_ISDIR(mode):
            if self._regular(name, mode):
                yield name
            return
        if os.path.realpath(name) in self._visited:
            return
        before, found = len(self.errors), list(self._below(name, ()))
        if len(self.errors) == before and not any(map(self._wanted, found)):
            self._wrong(name, _nothing(len(found)))
        yield from found

    def _below(self, folder: str, above: tuple[str, ...]) -> Iterator[str]:
        real = os.path.realpath(folder)
        if real in above:
            self._wrong(folder, "this link leads back to a folder above it. Remove it.")
            return
        if real in self._visited:
            return
        self._visited.add(real)
        try:
            entries = sorted(os.listdir(folder), key=os.fsencode)
        except OSError as error:
            self._wrong(folder, f"cannot be listed: {error.strerror}. Check its permissions.")
            return
        for entry in entries:
            path = f"{folder.rstrip('/')}/{entry}"
            if entry.startswith("."):
                continue
            if os.path.isdir(path):
                yield from self._below(path, (*above, real))
            elif entry.endswith(SUFFIXES):
                mode = self._mode(path)
                if mode is not None and self._regular(path, mode):
                    yield path

    def _mode(self, name: str) -> int | None:
        try:
            return os.stat(name).st_mode
        except ValueError:
            self._wrong(name, "this is no path: it holds a null character.")
        except OSError as error:
            self._wrong(name, _why_not(name, error))
        return None

    def _regular(self, name: str, mode: int) -> bool:
        if stat.S_ISREG(mode):
            return True
        what = next((word for test, word in _KINDS if test(mode)), "something else")
        advice = f'Use "{STDIN}" to read a stream.' if stat.S_ISFIFO(mode) else "Leave it out."
        self._wrong(name, f"expected a file or folder, found {what}. {advice}")
        return False

    def _wanted(self, name: str) -> bool:
        return (not self.include or _matches(name, self.include)) and not _matches(
            name, self.exclude
        )

    def _wrong(self, name: str, message: str) -> None:
        self.errors.append(InputError(Place(name), message))


_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _matches(name: str, globs: Sequence[str]) -> bool:
    last = name.rpartition("/")[2]
    return any(fnmatchcase(name, g) or ("/" not in g and fnmatchcase(last, g)) for g in globs)


def _nothing(found: int) -> str:
    if found:
        return f"none of the {found} manifests here is left by the include and exclude patterns."
    return f"no manifests here: expected files ending in {', '.join(SUFFIXES)}."


def _why_not(name: str, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "this link leads round in a circle. Remove it."
    if error.errno == errno.ENOENT:
        if os.path.islink(name):
            return "this link leads nowhere. Remove it or mend it."
        return "there is no such file or folder. Check the spelling."
    return f"cannot be read: {error.strerror}. Check the path and its permissions."


def read_file(name: str) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: it cannot be read, or is larger than ``LIMIT``.
    """
    try:
        with open(name, "rb") as file:
            return _limited(file.read(LIMIT + 1), name)
    except OSError as error:
        raise InputError(Place(name), _why_not(name, error)) from None


def read_stream(stream: TextIO | BinaryIO) -> bytes:
    """The bytes of standard input; raises as :func:`read_file`."""
    raw = getattr(stream, "buffer", stream).read(LIMIT + 1)
    return _limited(raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw, STDIN)


def _limited(raw: bytes, name: str) -> bytes:
    if len(raw) > LIMIT:
        raise InputError(Place(name), f"the file is larger than {LIMIT >> 20} MiB. Split it.")
    return raw


def decoded(raw: bytes, name: str) -> str:
    """The text of a file: UTF-8, or UTF-16 where a byte order mark says so.

    Raises:
        InputError: at the first byte or character that cannot stand in YAML.
    """
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place_of_byte(raw, error.start, wide=wide)
        if 0 in raw and not wide:
            raise InputError(Place(name, line, column), _BINARY) from None
        message = (
            f"byte 0x{raw[error.start]:02x} is no {'UTF-16' if wide else 'UTF-8'}. "
            "Save the file as UTF-8."
        )
        raise InputError(Place(name, line, column), message) from None
    found = _FORBIDDEN.search(text)
    if found is not None:
        raise InputError(Place(name, *_place_in(text, found.start())), _forbidden(found.group()))
    return text


_BINARY = "this is a binary file, expected YAML or JSON. Leave it out."


def _forbidden(character: str) -> str:
    if character == "\0":
        return _BINARY
    if character == "\ufeff":
        return "a byte order mark stands inside the file. Remove it."
    return f"the control character 0x{ord(character):02x} is not allowed in YAML. Remove it."


def _place_of_byte(raw: bytes, at: int, *, wide: bool) -> tuple[int, int]:
    if wide:
        return _place_in(raw[:at].decode("utf-16", "ignore"), at)
    before = raw[:at].removeprefix(b"\xef\xbb\xbf")
    breaks = list(_BREAK_BYTES.finditer(before))
    start = breaks[-1].end() if breaks else 0
    return len(breaks) + 1, len(before[start:].decode("utf-8", "replace")) + 1


def _place_in(text: str, at: int) -> tuple[int, int]:
    breaks = list(_BREAK.finditer(text, 0, at))
    start = breaks[-1].end() if breaks else 0
    return len(breaks) + 1, min(at, len(text)) - start + 1
