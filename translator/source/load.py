"""Reading manifests: files, folders and standard input, all errors of a run together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, TextIO

from translator.errors import InputError, Place
from translator.source.compose import Composer
from translator.source.leaves import Document, Node, Resource, below

SUFFIXES = (".yaml", ".yml", ".json")
"""Files that are read in a folder; a file that is named is read whatever its suffix."""

LIMIT = 64 << 20
"""Bytes of one file."""

_TEMPLATE = re.compile(r"\{\{")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the input that is no error: ``word`` says which (template, not-a-resource)."""

    place: Place
    word: str
    message: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that was read."""

    documents: tuple[Document, ...]
    resources: tuple[Resource, ...]
    notes: tuple[Note, ...]
    files: int
    documents_by_number: Mapping[int, Document]
    owners: Mapping[int, Mapping[int, Resource]]
    """By document number and leaf index, the resource that the leaf is part of."""

    def resource_of(self, document: Document, leaf: int) -> Resource | None:
        """The resource of a leaf; ``None`` for what wraps several, or for what is no resource."""
        return self.owners[document.number].get(leaf)

    def is_list(self, document: Document) -> bool:
        """Whether the document wraps several resources."""
        return _list_items(document.root) is not None


def load(
    paths: Sequence[str | os.PathLike[str]],
    *,
    stdin: TextIO | BinaryIO | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Loaded:
    """Reads files, folders (recursively) and ``-`` for standard input.

    Raises:
        ExceptionGroup: of ``InputError``, every error of the run.
    """
    shelf = _Shelf()
    seen: dict[str, None] = {}
    for path in paths:
        name = os.fspath(path)
        if name == "-":
            shelf.stdin(stdin)
            continue
        for file in _files(name, include, exclude, shelf.errors):
            real = os.path.realpath(file)
            if real not in seen:
                seen[real] = None
                shelf.file(file)
    return shelf.close()


def load_text(text: str | bytes, file: str = "-") -> Loaded:
    """Reads one text as if it were a file of this name; raises as :func:`load`."""
    shelf = _Shelf()
    shelf.bytes(text.encode() if isinstance(text, str) else text, file)
    return shelf.close()


class _Shelf:
    """Collects documents and errors over a run."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.notes: list[Note] = []
        self.errors: list[InputError] = []
        self.files = 0
        self.used_stdin = False

    def stdin(self, stream: TextIO | BinaryIO | None) -> None:
        if stream is None or self.used_stdin:
            reason = (
                "standard input can be read once"
                if self.used_stdin
                else "there is no standard input"
            )
            self.errors.append(InputError(Place("-"), f"{reason}. Name files instead."))
            return
        self.used_stdin = True
        raw = stream.read()
        self.bytes(raw.encode() if isinstance(raw, str) else raw, "-")

    def file(self, name: str) -> None:
        try:
            path = Path(name)
            if not path.is_file():
                what = "a folder" if path.is_dir() else "no regular file"
                self.errors.append(InputError(Place(name), f"expected a file, found {what}."))
                return
            if path.stat().st_size > LIMIT:
                message = f"the file is larger than {LIMIT >> 20} MiB. Split it."
                self.errors.append(InputError(Place(name), message))
                return
            self.bytes(path.read_bytes(), name)
        except OSError as error:
            message = f"cannot be read: {error.strerror}. Check its permissions."
            self.errors.append(InputError(Place(name), message))

    def bytes(self, raw: bytes, name: str) -> None:
        self.files += 1
        try:
            text = _decoded(raw, name)
        except InputError as error:
            self.errors.append(error)
            return
        composer = Composer(text, name, len(self.documents))
        found: list[Document] = []
        try:
            found.extend(composer.documents())
        except InputError as error:
            if _TEMPLATE.search(text):
                self.notes.append(_template(error.place))
                return
            composer.errors.append(error)
        except RecursionError:
            composer.errors.append(InputError(Place(name), "nested too deeply. Flatten it."))
        self.errors.extend(composer.errors)
        self.documents.extend(found)

    def close(self) -> Loaded:
        resources: list[Resource] = []
        owners: dict[int, dict[int, Resource]] = {}
        for document in self.documents:
            owner: dict[int, Resource] = {}
            owners[document.number] = owner
            for resource in _resources(document, self.notes, self.errors):
                resources.append(resource)
                owner.update(dict.fromkeys(below(resource.node), resource))
        if self.errors:
            message = f"{len(self.errors)} errors in the input"
            raise ExceptionGroup(message, self.errors)
        return Loaded(
            documents=tuple(self.documents),
            resources=tuple(resources),
            notes=tuple(self.notes),
            files=self.files,
            documents_by_number={d.number: d for d in self.documents},
            owners=owners,
        )


def _template(place: Place) -> Note:
    return Note(
        place,
        "template",
        "this file is a template and was left out: render it first (helm template), then translate.",
    )


def _decoded(raw: bytes, name: str) -> str:
    """The text of a file: UTF-8, or UTF-16 where a mark says so.

    Raises:
        InputError: at the first byte that is neither.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{raw[error.start]:02x} is no UTF-8. Save the file as UTF-8."
        raise InputError(Place(name, line, column), message) from None
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
        message = f"control character 0x{ord(found.group()):02x} is not allowed in YAML. Remove it."
        raise InputError(Place(name, line, column), message)
    return text


def _files(
    name: str, include: Sequence[str], exclude: Sequence[str], errors: list[InputError]
) -> Iterable[str]:
    """The files at a path, sorted bytewise; links are followed, loops of them are errors."""
    path = Path(name)
    if path.is_symlink() and not path.exists():
        errors.append(InputError(Place(name), "this link leads nowhere. Remove it or mend it."))
        return
    if not path.exists():
        errors.append(InputError(Place(name), "there is no such file or folder."))
        return
    if not path.is_dir():
        yield name
        return
    found: list[str] = []
    _collect(name.rstrip("/") or "/", (), found, errors)
    wanted = [
        file
        for file in found
        if (not include or any(fnmatch(file, g) for g in include))
        and not any(fnmatch(file, g) for g in exclude)
    ]
    if not wanted and not errors:
        errors.append(
            InputError(
                Place(name), f"no manifests here: expected files ending in {', '.join(SUFFIXES)}."
            )
        )
    yield from sorted(wanted, key=os.fsencode)


def _collect(
    folder: str, above: tuple[str, ...], found: list[str], errors: list[InputError]
) -> None:
    real = os.path.realpath(folder)
    if real in above:
        errors.append(
            InputError(Place(folder), "this link leads back to a folder above it. Remove it.")
        )
        return
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        errors.append(InputError(Place(folder), f"cannot be listed: {error.strerror}."))
        return
    for entry in names:
        path = f"{folder}/{entry}" if folder != "/" else f"/{entry}"
        if entry.startswith("."):
            continue
        if os.path.isdir(path):
            _collect(path, (*above, real), found, errors)
        elif entry.endswith(SUFFIXES):
            if os.path.islink(path) and not os.path.exists(path):
                errors.append(
                    InputError(Place(path), "this link leads nowhere. Remove it or mend it.")
                )
            else:
                found.append(path)


def _list_items(root: Node) -> list[Node] | None:
    value = root.value
    if not isinstance(value, dict):
        return None
    kind = value.get("kind")
    items = value.get("items")
    if kind is None or items is None or not isinstance(kind.value, str):
        return None
    return items.value if kind.value.endswith("List") and isinstance(items.value, list) else None


def _resources(
    document: Document, notes: list[Note], errors: list[InputError]
) -> Iterable[Resource]:
    items = _list_items(document.root)
    if items is None:
        found = _resource(document, document.root, "", notes, errors)
        if found is not None:
            yield found
        return
    for index, item in enumerate(items):
        found = _resource(document, item, f"items[{index}]", notes, errors)
        if found is not None:
            yield found


def _resource(
    document: Document, node: Node, path: str, notes: list[Note], errors: list[InputError]
) -> Resource | None:
    place = Place(document.file, node.line, node.column, path)
    value = node.value if isinstance(node.value, dict) else {}
    kind, version = _text(value.get("kind")), _text(value.get("apiVersion"))
    if not kind or not version:
        message = "this document is no Kubernetes resource (apiVersion and kind are not given); it stays as it is."
        notes.append(Note(place, "not-a-resource", message))
        return None
    metadata = value.get("metadata")
    inner = metadata.value if metadata is not None and isinstance(metadata.value, dict) else {}
    for field in ("name", "namespace"):
        found = inner.get(field)
        if found is not None and found.value is not None and not isinstance(found.value, str):
            where = Place(
                document.file, found.line, found.column, f"{path}.metadata.{field}".lstrip(".")
            )
            errors.append(InputError(where, f"expected a string, found {found.value!r}. Quote it."))
    return Resource(
        document=document,
        node=node,
        path=path,
        api_version=version,
        kind=kind,
        namespace=_text(inner.get("namespace")) or None,
        name=_text(inner.get("name")),
    )


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""
