"""Reading manifests: files, folders and standard input, all errors of a run together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from translator.errors import InputError, Place
from translator.source.compose import Composer
from translator.source.files import STDIN, Search, decoded, read_file, read_stream
from translator.source.leaves import Document, Key, Node, Resource, below, spell


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the input that is no error.

    ``word`` says what: ``template`` (the file is left out), ``kustomization`` (what it would make of the files beside it is
    not done), ``not-a-resource`` (the document is carried), ``overridden`` (a merge replaces a key that stands before it).
    """

    place: Place
    word: str
    message: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that was read, in kubectl's order: by path bytewise, then as it stands in the file."""

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

    ``include`` and ``exclude`` are globs on the files' names; the order of ``paths`` makes no
    difference.

    Raises:
        ExceptionGroup: of ``InputError``, every error of the run.
    """
    names = [os.fspath(path) for path in paths]
    search = Search(include, exclude)
    files = search.files(names)
    shelf = _Shelf(search.errors)
    if names.count(STDIN) > 1:
        shelf.refuse(STDIN, "standard input can be read once. Name files instead.")
    elif names and not files and not search.errors:
        shelf.refuse(names[0], "the include and exclude patterns leave no file to read.")
    for name in files:
        if name == STDIN:
            shelf.stream(stdin)
        else:
            shelf.file(name)
    return shelf.close()


def load_text(text: str | bytes, file: str = STDIN) -> Loaded:
    """Reads one text as if it were a file of this name; raises as :func:`load`."""
    shelf = _Shelf([])
    shelf.content(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, file)
    return shelf.close()


def with_text(loaded: Loaded, text: str, file: str) -> Loaded:
    """All that was read and one text more, whose documents follow; raises as :func:`load`."""
    shelf = _Shelf([], first=len(loaded.documents))
    shelf.content(text.encode("utf-8", "surrogatepass"), file)
    more = shelf.close()
    return Loaded(
        documents=(*loaded.documents, *more.documents),
        resources=(*loaded.resources, *more.resources),
        notes=(*loaded.notes, *more.notes),
        files=loaded.files + more.files,
        documents_by_number={**loaded.documents_by_number, **more.documents_by_number},
        owners={**loaded.owners, **more.owners},
    )


class _Shelf:
    """Collects documents and errors over a run."""

    def __init__(self, errors: list[InputError], first: int = 0) -> None:
        """``first``: the number of its first document."""
        self.first = first
        self.documents: list[Document] = []
        self.notes: list[Note] = []
        self.errors = errors
        self.files = 0

    def refuse(self, name: str, message: str) -> None:
        self.errors.append(InputError(Place(name), message))

    def stream(self, stream: TextIO | BinaryIO | None) -> None:
        if stream is None:
            self.refuse(STDIN, "there is no standard input. Name files instead.")
            return
        try:
            raw = read_stream(stream)
            if raw.strip():
                self.content(raw, STDIN)
            else:
                self.refuse(STDIN, _EMPTY)
        except InputError as error:
            self.errors.append(error)

    def file(self, name: str) -> None:
        try:
            self.content(read_file(name), name)
        except InputError as error:
            self.errors.append(error)

    def content(self, raw: bytes, name: str) -> None:
        self.files += 1
        try:
            text = _json_as_yaml(decoded(raw, name))
        except InputError as error:
            self.errors.append(error)
            return
        composer = Composer(text, name, self.first + len(self.documents))
        found: list[Document] = []
        try:
            found.extend(composer.documents())
        except InputError as error:
            composer.errors.append(error)
        if composer.errors and _is_template(text):
            self.notes.append(Note(composer.errors[0].place, "template", _TEMPLATE))
            return
        self.errors.extend(composer.errors)
        self.notes.extend(
            Note(place, "overridden", _OVERRIDDEN.format(key=key))
            for place, key in composer.overridden
        )
        self.documents.extend(found)

    def close(self) -> Loaded:
        resources: list[Resource] = []
        owners: dict[int, dict[int, Resource]] = {}
        for document in self.documents:
            self.notes.extend(_of_kustomize(document))
            owner = owners.setdefault(document.number, {})
            for resource in _Census(document, self.notes, self.errors).resources():
                resources.append(resource)
                owner.update(dict.fromkeys(below(resource.node), resource))
        if self.errors:
            count = len(self.errors)
            raise ExceptionGroup(f"{count} error{'s' * (count > 1)} in the input", self.errors)
        return Loaded(
            documents=tuple(self.documents),
            resources=tuple(resources),
            notes=tuple(self.notes),
            files=self.files,
            documents_by_number={d.number: d for d in self.documents},
            owners=owners,
        )


_EMPTY = "standard input is empty. Look whether the command before the pipe went well."
_TEMPLATE = (
    "this file is a template and was left out: render it first (helm template), then translate."
)
_OVERRIDDEN = (
    'the key "{key}" stands before a merge ("<<") that replaces it when the document is applied: '
    "put the merge first if this value is meant."
)
_KUSTOMIZED = "kustomize makes something else of the files that are named here ({keys}), which was not done: they are read as they stand."
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""Names of the files by which kustomize knows a folder (kubernetes-sigs/kustomize api/konfig/general.go)."""
_LISTS = ("apiVersion", "kind", "metadata", "resources", "bases")
"""What of such a file changes no manifest."""


def _of_kustomize(document: Document) -> Iterator[Note]:
    """That a folder is no plain one: what is applied is not what its files say."""
    name = document.file.rpartition("/")[2]
    value = document.root.value
    if name not in _KUSTOMIZATIONS or not isinstance(value, dict):
        return
    keys = [key for key in value if key not in _LISTS]
    if keys:
        place = Place(document.file, document.root.line, document.root.column)
        yield Note(place, "kustomization", _KUSTOMIZED.format(keys=", ".join(keys)))


_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][-+0-9]*\s*\Z")


def _is_template(text: str) -> bool:
    """Whether ``{{`` stands where YAML would see it: in no comment, quotes or block of text."""
    block = -1
    for line in text.splitlines():
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if not bare or 0 <= block < indent:
            continue
        seen = _COMMENT.sub("", _QUOTED.sub("", bare))
        if "{{" in seen:
            return True
        block = indent if _BLOCK.search(seen) else -1
    return False


_PAIR = re.compile(r"((?:^|[^\\])(?:\\\\)*)\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)")


def _json_as_yaml(text: str) -> str:
    """JSON writes characters beyond 16 bits as two escapes, YAML as one."""
    if "\\u" not in text or not text.lstrip().startswith(("{", "[")):
        return text
    while (once := _PAIR.sub(_joined, text)) != text:
        text = once
    return text


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF):08x}"


def _list_items(root: Node) -> list[Node] | None:
    """The items of a list of resources: ``List`` or any ``...List``; kubectl reads both alike."""
    value = root.value if isinstance(root.value, dict) else {}
    kind, items = value.get("kind"), value.get("items")
    if items is None or not _text(kind).endswith("List"):
        return None
    if items.value is None:
        return []
    return items.value if isinstance(items.value, list) else None


@dataclass(frozen=True, slots=True)
class _Census:
    """Finds the resources of one document."""

    document: Document
    notes: list[Note]
    errors: list[InputError]

    def resources(self) -> Iterator[Resource]:
        return self._at(self.document.root, (), ("", ""))

    def _at(
        self, node: Node, keys: tuple[Key, ...], inherited: tuple[str, str]
    ) -> Iterator[Resource]:
        items = _list_items(node)
        if items is None:
            found = self._resource(node, keys, inherited)
            if found is not None:
                yield found
            return
        value = node.value if isinstance(node.value, dict) else {}
        kind = _text(value.get("kind")).removesuffix("List")
        version = _text(value.get("apiVersion")) if kind else ""
        for index, item in enumerate(items):
            yield from self._at(item, (*keys, "items", index), (version, kind))

    def _resource(
        self, node: Node, keys: tuple[Key, ...], inherited: tuple[str, str]
    ) -> Resource | None:
        value = node.value if isinstance(node.value, dict) else {}
        version = self._string(value, "apiVersion", keys, beside="kind")
        kind = self._string(value, "kind", keys, beside="apiVersion")
        if not version and not kind:
            version, kind = inherited
        if not version or not kind or not isinstance(node.value, dict):
            if self.document.file.rpartition("/")[2] not in _KUSTOMIZATIONS:
                self.notes.append(Note(self._place(node, keys), "not-a-resource", _NO_RESOURCE))
            return None
        metadata = self._metadata(value, keys)
        within = (*keys, "metadata")
        return Resource(
            document=self.document,
            node=node,
            path=_spelt(keys),
            api_version=version,
            kind=kind,
            namespace=self._string(metadata, "namespace", within) or None,
            name=self._string(metadata, "name", within),
            generate_name=self._string(metadata, "generateName", within),
            keys=keys,
        )

    def _metadata(self, value: Mapping[str, Node], keys: tuple[Key, ...]) -> Mapping[str, Node]:
        metadata = value.get("metadata")
        if metadata is None or metadata.value is None:
            return {}
        if isinstance(metadata.value, dict):
            return metadata.value
        self._wrong(metadata, (*keys, "metadata"), "expected a mapping with the name")
        return {}

    def _string(
        self, value: Mapping[str, Node], key: str, keys: tuple[Key, ...], beside: str = ""
    ) -> str:
        """The string at a key, or nothing; something else is an error, if ``beside`` is given."""
        node = value.get(key)
        if node is None or node.value is None or isinstance(node.value, str):
            return _text(node)
        if not beside or _given(value.get(beside)):
            self._wrong(node, (*keys, key), "expected a string")
        return ""

    def _wrong(self, node: Node, keys: tuple[Key, ...], expected: str) -> None:
        advice = "Quote it" if not isinstance(node.value, (dict, list)) else "Mend the indentation"
        message = f"{expected}, found {_found(node)}. {advice}."
        self.errors.append(InputError(self._place(node, keys), message))

    def _place(self, node: Node, keys: tuple[Key, ...]) -> Place:
        return Place(self.document.file, node.line, node.column, _spelt(keys))


_NO_RESOURCE = (
    "this is no Kubernetes resource (apiVersion and kind are not given); it stays as it is."
)


def _spelt(keys: tuple[Key, ...]) -> str:
    path = ""
    for key in keys:
        path = f"{path}[{key}]" if isinstance(key, int) else spell(path, key)
    return path


def _given(node: Node | None) -> bool:
    return node is not None and node.value is not None


def _found(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if isinstance(node.value, bool):
        return f"{str(node.value).lower()} (a truth value)"
    return f"{node.value} (a number)" if not isinstance(node.value, str) else "a string"


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""
