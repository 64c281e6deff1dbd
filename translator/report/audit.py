"""What an audit tells: for each estate what is in it, and what each target would make of it.

The JSON form is that of ``meshmigrate audit --format json``, schema version 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from translator.report.metrics import Renamed
from translator.report.model import Source, Tool, Version


class Grade(StrEnum):
    """How ready a namespace is for a target, best first; the rule is in ``docs/audit.md``."""

    A = "A"
    """Nothing to know: no finding above ``info``."""
    B = "B"
    """Differences to know: the worst finding is ``low`` or ``medium``."""
    C = "C"
    """Work before the move: the worst finding is ``high``."""
    D = "D"
    """A decision before the move: there is a blocker."""
    E = "E"
    """Not in reach: a blocker, and less than half of what is said to the mesh is kept."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """One namespace and one target. ``said``: leaves that speak to the mesh; ``kept``: those whose meaning is kept.

    ``namespace`` is empty for what concerns the whole estate: cluster-wide objects and findings that name no place.
    """

    namespace: str
    grade: Grade
    said: int
    kept: int
    findings: dict[str, int]
    why: str


@dataclass(frozen=True, slots=True)
class Matter:
    """Findings of one cause: what a reader should look at, with the namespaces that it touches."""

    code: str
    severity: str
    impact: str
    support: str
    title: str
    advice: str
    count: int
    namespaces: tuple[str, ...]
    first: Source | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one target would make of an estate. ``areas``: findings by what they are about and severity.

    ``matters``: the causes, the most dangerous first; ``verdict`` and ``access`` are those of the proof.
    """

    target: Version
    outputs: int
    fates: dict[str, int]
    findings: dict[str, int]
    areas: dict[str, dict[str, int]]
    verdict: str
    access: str
    grade: Grade
    namespaces: tuple[Readiness, ...]
    matters: tuple[Matter, ...]
    metrics: tuple[Renamed, ...] = ()
    """The metrics of the source, by what they are called there."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A kind of fact that the estate states; for each target, in their order, how many of its parts have which grade."""

    name: str
    uses: int
    grades: tuple[dict[str, int], ...]


@dataclass(frozen=True, slots=True)
class Space:
    """One namespace: how many objects of each kind, and the workloads and services among them."""

    name: str
    kinds: dict[str, int]
    workloads: int
    services: int


@dataclass(frozen=True, slots=True)
class Generated:
    """Objects that something else writes: ``where`` says where to change them instead."""

    generator: str
    where: str
    doc: str
    objects: tuple[Source, ...]
    speaks: int
    """How many of them speak to the mesh: these would come back after a translation."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """Something that the source mesh gives up: ``gone`` is the version that lacks it, where that is known."""

    what: str
    since: str
    gone: str
    status: str
    """``gone already``, ``goes next`` or ``deprecated``."""
    instead: str
    doc: str
    places: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """One cluster's or repository's manifests, as one source mesh reads them."""

    name: str
    source: Version
    files: int
    documents: int
    resources: int
    leaves: int
    spaces: tuple[Space, ...]
    outlooks: tuple[Outlook, ...]
    features: tuple[Feature, ...]
    generated: tuple[Generated, ...]
    ageing: tuple[Ageing, ...]
    beside: tuple[str, ...] = ()
    """Other meshes whose kinds are in the input, which are audited as estates of their own, or cannot be read yet."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that an audit tells."""

    schema_version: int
    tool: Tool
    estates: tuple[Estate, ...]

    def to_json(self) -> str:
        """As ``meshmigrate audit --format json``."""
        from translator.report.render.audit import audit_json  # noqa: PLC0415  # loaded when asked for

        return audit_json(self)

    def to_text(self) -> str:
        """For a terminal."""
        from translator.report.render.audit import audit_text  # noqa: PLC0415

        return audit_text(self)

    def to_markdown(self) -> str:
        """For a page of a wiki or a ticket."""
        from translator.report.render.audit import audit_markdown  # noqa: PLC0415

        return audit_markdown(self)

    def to_csv(self) -> str:
        """A row for every namespace and target, then one for every cause."""
        from translator.report.render.audit import audit_csv  # noqa: PLC0415

        return audit_csv(self)

    def to_html(self) -> str:
        """One page that needs nothing else."""
        from translator.report.html.audit import audit_html  # noqa: PLC0415

        return audit_html(self)
