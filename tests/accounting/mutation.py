"""Single changes to an input, and what the ledger has to say about each.

A document is changed in one place; both versions are translated; the ledger's word on the place is held against what
really changed in the output.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from translator.errors import InputError
from translator.pipeline import Result
from translator.report.model import Fate, LedgerRow

Translate = Callable[[str], Result]
Steps = tuple[str | int, ...]

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: in which document, at which path, of which kind, and the text that comes of it."""

    document: int
    steps: Steps
    kind: str
    text: str


def mutations(documents: list[object]) -> Iterator[Mutation]:
    """Every single change of these documents: scalars, deletions, duplicates, swaps, emptied collections."""
    for number, document in enumerate(documents):
        for steps, value in _places(document, ()):
            for kind, change in _changes(value, steps):
                changed = copy.deepcopy(documents)
                if change(changed[number]):
                    yield Mutation(number, steps, kind, dumped(changed))


def dumped(documents: list[object]) -> str:
    """Documents as one YAML text."""
    text: str = yaml.safe_dump_all(documents, sort_keys=False)
    return text


def _places(value: object, steps: Steps) -> Iterator[tuple[Steps, object]]:
    if steps:
        yield steps, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*steps, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*steps, index))


Change = Callable[[object], bool]


def _changes(value: object, steps: Steps) -> Iterator[tuple[str, Change]]:
    if isinstance(value, (dict, list)):
        if value:
            yield "empty", lambda root: _put(root, steps, type(value)())
        if isinstance(value, list) and len(value) > 1:
            swapped = [value[1], value[0], *value[2:]]
            yield "swap", lambda root: _put(root, steps, copy.deepcopy(swapped))
        if isinstance(value, list) and value:
            yield "duplicate", lambda root: _put(root, steps, copy.deepcopy([*value, value[-1]]))
    else:
        yield "change", lambda root: _put(root, steps, other(value))
    yield "delete", lambda root: _delete(root, steps)


def other(value: object) -> object:
    """Another value of the same type and shape."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        if _NUMBER.search(value):
            return _NUMBER.sub(lambda m: str(int(m.group()) + 1), value, count=1)
        head, star, tail = value.rpartition("*")
        if not star:
            return f"{value}x"
        return f"{head}x*{tail}" if head else f"*x{tail}"
    return "x"


def _parent(root: object, steps: Steps) -> object:
    here = root
    for step in steps[:-1]:
        here = here[step]  # type: ignore[index]  # a path that was walked before
    return here


def _put(root: object, steps: Steps, value: object) -> bool:
    _parent(root, steps)[steps[-1]] = value  # type: ignore[index]
    return True


def _delete(root: object, steps: Steps) -> bool:
    del _parent(root, steps)[steps[-1]]  # type: ignore[attr-defined]
    return True


def spelt(steps: Steps) -> str:
    """The ledger's path of some steps."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z0-9_-]+", step):
            path += f".{step}" if path else step
        else:
            path += f'["{step}"]'
    return path


@dataclass(frozen=True, slots=True)
class Seen:
    """One translation, ready to be compared: rows by document and path, output leaves by resource and path."""

    rows: Mapping[tuple[int, str], LedgerRow]
    outputs: Mapping[tuple[str, str], object]
    bugs: tuple[LedgerRow, ...]


def seen(result: Result) -> Seen:
    """What a result says and wrote."""
    rows = {(row.document, row.path): row for row in result.report.ledger}
    outputs: dict[tuple[str, str], object] = {}
    for document in result.documents:
        for path, value in leaves(document.value, ""):
            outputs[document.resource, path] = value
    bugs = tuple(r for r in result.report.ledger if r.fate in (Fate.DROPPED, Fate.STRANDED))
    return Seen(rows, outputs, bugs)


def leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Leaves of a plain value by path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, spelt_key(path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def spelt_key(path: str, key: str) -> str:
    """A path with one more key."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def tried(translate: Translate, text: str) -> Seen | None:
    """A translation; ``None`` where the input is refused, which is an answer too."""
    try:
        return seen(translate(text))
    except InputError:
        return None
    except ExceptionGroup as group:
        if group.subgroup(InputError) is not None and group.split(InputError)[1] is None:
            return None
        raise


def untrue(mutation: Mutation, before: Seen, after: Seen) -> Iterator[str]:
    """What the ledger says wrongly about one change."""
    if after.bugs:
        yield f"{[f'{r.path} {r.fate.value}' for r in after.bugs[:3]]}"
    if mutation.kind not in ("change", "delete"):
        return
    path = spelt(mutation.steps)
    old = before.rows.get((mutation.document, path))
    new = after.rows.get((mutation.document, path))
    if old is None or (new is None and mutation.kind == "change"):
        return
    changed = {
        key
        for key in before.outputs.keys() | after.outputs.keys()
        if json.dumps(before.outputs.get(key), default=str)
        != json.dumps(after.outputs.get(key), default=str)
    }
    if new is not None and old.fate is new.fate:
        yield from _same_fate(old, new, changed)
        if old.fate in _MEANT:
            yield from _elsewhere(old, before, after, changed)


_IDLE = (Fate.LOST, Fate.UNREAD, Fate.INERT)
_MEANT = (Fate.PLACED, Fate.APPROXIMATED, Fate.ABSORBED)
_NOTE = 'metadata.annotations["meshmigrate.io/source"]'
"""Names the objects that an output comes from: a reason, no meaning of theirs."""


def _same_fate(old: LedgerRow, new: LedgerRow, changed: set[tuple[str, str]]) -> Iterator[str]:
    listed = {(p.resource, p.path) for p in (*old.outputs, *new.outputs)}
    if old.fate in (Fate.PLACED, Fate.APPROXIMATED) and listed and not changed & listed:
        yield f"{old.fate.value}, but none of {sorted(listed)[:4]} differs"
    if old.fate in _IDLE and changed:
        yield f"{old.fate.value}, but {sorted(changed)[:4]} differ"


def _elsewhere(
    old: LedgerRow, before: Seen, after: Seen, changed: set[tuple[str, str]]
) -> Iterator[str]:
    """Outputs that changed though no row of the leaf's object lists them: an edge is missing.

    Objects that came or went as a whole are not looked at. Objects of one family are numbered, so that another number
    may mean another member of it.
    """
    listed = {
        _family(place.resource)
        for side in (before, after)
        for row in side.rows.values()
        if row.resource == old.resource
        for place in row.outputs
    }
    kept = {key[0] for key in before.outputs} & {key[0] for key in after.outputs}
    missing = {k for k in changed if k[0] in kept and _family(k[0]) not in listed and k[1] != _NOTE}
    if missing:
        yield f"{old.fate.value}, but {sorted(missing)[:4]} differ, which none of its rows lists"


def _family(resource: str) -> str:
    """Namespace and name of an output without its number."""
    return re.sub(r"(?:-\d+)+\Z", "", resource.partition("/")[2])
