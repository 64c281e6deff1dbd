"""What a migration plan tells: waves of namespaces with everything that is done, weakened, checked and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from translator.report.metrics import Renamed
from translator.report.model import Tool, Version


@dataclass(frozen=True, slots=True)
class Call:
    """A caller (``namespace/account``) that may call, or was seen to call, a port of a workload.

    ``named``: rules let it in by name; else everybody with an identity is let in. ``requests``: how much of it was seen, as the export counts. ``shows``: whether it must show who it is, to the source's mesh and to the target's.
    """

    caller: str
    server: str
    port: int
    named: bool
    requests: float | None = None
    shows: tuple[bool, bool] = (True, True)

    @property
    def client(self) -> str:
        """The namespace of the caller."""
        return self.caller.partition("/")[0]

    @property
    def namespace(self) -> str:
        """The namespace of the server."""
        return self.server.split("/")[1]


@dataclass(frozen=True, slots=True)
class Allowance:
    """A way in that is open while a caller and its server are in different meshes.

    ``mesh`` is that of the server. It is opened in wave ``since`` and taken back at the end of wave ``until``.
    """

    mesh: str
    server: str
    port: int
    peers: tuple[str, ...]
    since: int
    until: int
    manifests: tuple[str, ...]
    weaker: str
    removal: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway by which requests enter the cluster, and what becomes of it.

    ``fate``: ``beside`` (a new one comes beside it), ``in place`` (its object changes), ``missing`` (nothing is written
    for it), ``stays``. ``becomes``: the objects by which requests enter afterwards. ``names``: those that it answers to;
    ``ports``: with what is spoken there.
    """

    gateway: str
    fate: str
    becomes: tuple[str, ...]
    names: tuple[str, ...]
    ports: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at, and the command that shows it."""

    what: str
    command: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: the folder with its manifests, what is deleted, and the commands in order."""

    folder: str
    title: str
    why: str
    applies: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A class of requests that a state treats as neither start nor end do, with one that shows it."""

    kind: str
    port: str
    witness: Mapping[str, object]
    start: str
    state: str
    end: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """What the checker says of one state; ``ports`` counts them by verdict.

    ``opened`` and ``shut`` are faults; ``listed`` is let in because an allowance says so. ``rerouted``: calls that are let
    in and take another way, or are tried or timed otherwise, than at the start and at the end. ``undeclared``: refused, as
    in ``shut``, at ports that no pod, Service or rule names, to which no call is known; told, and no fault.
    """

    state: str
    verdict: str
    ports: Mapping[str, int]
    opened: tuple[Shown, ...] = ()
    listed: tuple[Shown, ...] = ()
    shut: tuple[Shown, ...] = ()
    rerouted: tuple[Shown, ...] = ()
    undeclared: tuple[Shown, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is let in that is not listed, and nothing breaks."""
        return not (self.opened or self.shut)


@dataclass(frozen=True, slots=True)
class Effort:
    """Hours of work."""

    low: float
    likely: float
    high: float

    def __add__(self, other: Effort) -> Effort:
        return Effort(self.low + other.low, self.likely + other.likely, self.high + other.high)


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work with how often it is to be done and what it takes in all."""

    unit: str
    count: int
    effort: Effort


@dataclass(frozen=True, slots=True)
class Wave:
    """Namespaces that go together. The last wave moves none: it takes the source's mesh away.

    Gateways have a wave of their own before it.
    """

    number: int
    title: str
    namespaces: tuple[str, ...]
    workloads: tuple[str, ...]
    steps: tuple[Step, ...]
    rollback: tuple[Step, ...]
    allowances: tuple[Allowance, ...]
    clear: tuple[Call, ...]
    weaker: tuple[str, ...]
    checks: tuple[Check, ...]
    proofs: tuple[Proved, ...]
    work: tuple[Work, ...]

    @property
    def effort(self) -> Effort:
        """All work of the wave."""
        return sum((one.effort for one in self.work), Effort(0, 0, 0))

    @property
    def folder(self) -> str:
        """Where its manifests are."""
        return f"wave-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A blocker, a decision that is open, or a fault of the plan."""

    code: str
    severity: str
    message: str
    advice: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole way from one mesh to the other. ``files``: texts of everything to apply, by name."""

    schema_version: int
    tool: Tool
    source: Version
    target: Version
    prerequisites: tuple[Check, ...]
    blockers: tuple[Problem, ...]
    decisions: tuple[Problem, ...]
    faults: tuple[Problem, ...]
    waves: tuple[Wave, ...]
    calls: tuple[Call, ...]
    outside: tuple[str, ...]
    assumptions: tuple[str, ...]
    metrics: tuple[Renamed, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def effort(self) -> Effort:
        """All work."""
        return sum((wave.effort for wave in self.waves), Effort(0, 0, 0))

    @property
    def holds(self) -> bool:
        """Whether every state of every wave holds what the plan promises."""
        return all(proof.holds for wave in self.waves for proof in wave.proofs)
