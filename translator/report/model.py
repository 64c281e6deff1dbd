"""What a run tells: findings, a ledger row for every leaf of the input, the outputs, and the verdict.

The JSON form is fixed by schema version 1 and published by ``meshmigrate schema report``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from ir.match import AllOf
from ir.provenance import Silence, Traced
from translator.report.bounds import At
from translator.report.exhibits import Exhibits

INVENTION = "MM902"
"""The code of an output value that comes from nowhere: our bug."""


UNEXPLAINED = "MM903"
"""The code of access that got wider without a finding that says so: our bug."""

OTHERWISE = "MM904"
"""The code of any other difference that no finding explains: our bug too."""


ODD_PATHS = "MM907"
"""The code of routes that are chosen otherwise for paths that are not in normal form."""


BEYOND = "MM521"
"""The code of addresses inside the cluster that no limit of egress is about."""


NODE = "MM480"
"""The code of what runs on the node of a pod and gets in."""


UNJOINED = "MM609"
"""The code of pods that nobody has put into the target's mesh."""

SPELLING = "MM408"
"""The code of paths that one mesh brings into another form than the other before it looks."""


BY_CLAIM = "MM535"
"""The code of names outside that the network knew by their addresses, and proxies by what clients say."""


QUESTIONS = "MM488"
"""The code of ports at which more leaves than questions of names."""

CLOSED_IN = "MM534"
"""The code of addresses that no limit of egress was about, and that a limit on what is known is about too."""


HIDDEN = "MM523"
"""The code of services of the cluster that clients did not know of."""


class Severity(StrEnum):
    """How much a finding matters, gravest first."""

    BLOCKER = "blocker"
    """Wider access, or an output that its API server would refuse."""
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Impact(StrEnum):
    """What a finding does to requests."""

    NONE = "NONE"
    STRICTER = "STRICTER"
    """Requests are refused that the source let through."""
    LOOSER = "LOOSER"
    """Requests pass that the source refused."""
    DIFFERENT = "DIFFERENT"
    """Requests are treated otherwise."""
    INVALID = "INVALID"


class Support(StrEnum):
    """Why the target does not have it."""

    NEVER = "NEVER"
    """The target has no such concept."""
    NOT_YET = "NOT_YET"
    """The target could; this tool does not do it yet."""
    VERSION = "VERSION"
    """Another version of the target could."""
    PARTIAL = "PARTIAL"
    """The target can in part."""


class Fate(StrEnum):
    """What became of a leaf, gravest first (house rule: exactly one each)."""

    STRANDED = "stranded"
    DROPPED = "dropped"
    LOST = "lost"
    UNREAD = "unread"
    APPROXIMATED = "approximated"
    PLACED = "placed"
    CARRIED = "carried"
    ABSORBED = "absorbed"
    INERT = "inert"


@dataclass(frozen=True, slots=True)
class Source:
    """A place in the input that a finding speaks of."""

    file: str
    line: int | None
    column: int | None
    resource: str
    path: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A leaf of an output: ``resource`` is ``Kind/namespace/name``."""

    resource: str
    path: str


@dataclass(frozen=True, slots=True)
class DefaultRef:
    """The default of the source that a finding is about."""

    mesh: str
    version: str
    field: str
    doc: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference that a reader must know of."""

    code: str
    severity: Severity
    fate: Fate
    impact: Impact
    support: Support
    message: str
    why: str = ""
    advice: str = ""
    doc: str = ""
    sources: tuple[Source, ...] = ()
    outputs: tuple[Placement, ...] = ()
    witness: dict[str, object] | None = None
    default: DefaultRef | None = None
    accepted: str | None = None
    """The reason given with ``--accept``; an accepted finding does not count for the exit code."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One leaf of the input: where it stands, what became of it, where in the outputs, and the codes of its findings."""

    file: str
    document: int
    line: int | None
    column: int | None
    resource: str
    path: str
    fate: Fate
    outputs: tuple[Placement, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """A document that was written; ``edited`` is true for a changed copy of an input document."""

    resource: str
    apiVersion: str  # noqa: N815  # the name of the JSON field
    file: str
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A mesh and its version; ``channel`` for Gateway API only."""

    mesh: str
    version: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """The program that made the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts; ``fates`` add up to ``leaves``."""

    files: int
    documents: int
    resources: int
    leaves: int
    fates: dict[str, int]
    findings: dict[str, int]


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict of the comparison with the source, or why it was not made."""

    verdict: str = "NOT_RUN"
    slices: dict[str, int] = field(default_factory=dict)
    changes: tuple[dict[str, object], ...] = ()
    reason: str | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    """Why slices are no better than they are: assumptions, what is not understood; with how many slices they touch."""
    doubted: int = 0
    """Slices that differ and of which besides not all is understood: what else changes there is open."""
    exaggerated: tuple[str, ...] = ()
    """Findings of wider or narrower access whose difference does not occur."""
    because: tuple[tuple[tuple[str, str], ...], ...] = field(default=(), compare=False, repr=False)
    """For each change the findings that explain it, by code and message; for the page, in no other form."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run tells."""

    schema_version: int
    tool: Tool
    source: Version
    target: Version
    summary: Summary
    ledger: tuple[LedgerRow, ...]
    findings: tuple[Finding, ...]
    outputs: tuple[Output, ...]
    verification: Verification
    assumptions: tuple[str, ...] = ()
    exhibits: Callable[[], Exhibits] | None = field(default=None, compare=False, repr=False)
    """What the HTML form shows beside the report; in no other form."""

    def to_json(self) -> str:
        """The report as JSON, schema version 1."""
        from translator.report.render.json import render_json  # noqa: PLC0415  # loaded when asked for

        return render_json(self)

    def to_text(self) -> str:
        """The report for a terminal, without colour."""
        from translator.report.render.text import render_text  # noqa: PLC0415

        return render_text(self)

    def to_markdown(self) -> str:
        """The report for a pull request."""
        from translator.report.render.markdown import render_markdown  # noqa: PLC0415

        return render_markdown(self)

    def to_csv(self) -> str:
        """The report as a table: a row for every leaf and for every finding."""
        from translator.report.render.csv import render_csv  # noqa: PLC0415

        return render_csv(self)

    def to_sarif(self) -> str:
        """The report for code scanning, SARIF 2.1.0."""
        from translator.report.render.sarif import render_sarif  # noqa: PLC0415

        return render_sarif(self)

    def to_html(self) -> str:
        """The report as one page that needs nothing else."""
        from translator.report.html.page import render_html  # noqa: PLC0415

        return render_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A difference as exporters and importers state it: over sites, before it is projected onto the input.

    ``sites``: the traced values that are lost (``fate`` LOST) or placed with a difference (APPROXIMATED).
    ``because``: values that explain it, to be shown as sources without being lost.
    ``about``: of both, what the message speaks of: shown before the rest.
    ``at``, ``ways``: the ports, and the callers or requests, that it is about; none: all that the sites decide.
    ``http``: whether it is about what is read as HTTP, or about what is not; none: about both.
    """

    code: str
    impact: Impact
    support: Support
    message: str
    severity: Severity | None = None
    fate: Fate = Fate.LOST
    sites: tuple[Traced[object], ...] = ()
    because: tuple[Traced[object], ...] = ()
    about: tuple[Traced[object], ...] = ()
    at: tuple[At, ...] = ()
    ways: tuple[AllOf, ...] = ()
    http: bool | None = None
    leaves: tuple[int, ...] = ()
    """Input leaves named directly, where no value stands for them."""
    why: str = ""
    advice: str = ""
    doc: str = ""
    default: Silence | None = None

    @property
    def gravity(self) -> Severity:
        """The severity that was given, else the one that the impact deserves; wider access is always a blocker."""
        if self.severity is not None and self.impact is not Impact.LOOSER:
            return self.severity
        match self.impact:
            case Impact.LOOSER | Impact.INVALID:
                return Severity.BLOCKER
            case Impact.STRICTER:
                return Severity.HIGH
            case Impact.DIFFERENT:
                return Severity.MEDIUM
            case Impact.NONE:
                return Severity.INFO
