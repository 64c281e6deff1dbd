"""What a report shows beside its own words: the documents, who calls whom, and how well targets fit.

A report carries them so that they are made only when somebody looks, and its JSON form has none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document as text.

    ``name`` is the ``Kind/namespace/name`` of an output, empty for a source. ``first_line`` is where it begins in
    its file. ``lines`` gives the line of each leaf by its path, in an output; 1 is the first of the text.
    """

    name: str
    file: str
    document: int
    first_line: int
    text: str
    lines: Mapping[str, int] = field(default_factory=dict)
    hidden: bool = False
    """The text is not shown: the document holds a secret."""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """Somebody who may call somebody else, or whose requests are sent on to somebody else."""

    caller: str
    callee: str
    word: str
    """``may call``, ``is refused`` or ``is sent on``."""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    """A position of the model that the input uses, how often, and the grade of each target for it."""

    fact: str
    name: str
    uses: int
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exhibits:
    """All that is shown."""

    sources: tuple[Sheet, ...] = ()
    outputs: tuple[Sheet, ...] = ()
    calls: tuple[Call, ...] = ()
    callers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The workloads that run as a service account, ``namespace/name``, by which a witness names its caller."""
    targets: tuple[str, ...] = ()
    features: tuple[Feature, ...] = ()
