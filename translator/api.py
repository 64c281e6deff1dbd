"""What importers and exporters agree on with the pipeline: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Never, Protocol

from ir.model import Fact, Model
from ir.provenance import Assumption, Traced
from translator.report.model import Fate, Loss, Support
from translator.source.leaves import Resource, Scalar
from translator.target import Target

__all__ = [
    "AMBIENT",
    "MANAGED_BY",
    "PROFILES",
    "TOOL",
    "Beside",
    "Edit",
    "Emission",
    "Export",
    "Exporter",
    "Import",
    "Importer",
    "Inert",
    "Loss",
    "Manifest",
    "Options",
    "Row",
    "Said",
    "Tree",
]

MANAGED_BY = "app.kubernetes.io/managed-by"
"""The label of new objects, with :data:`TOOL` as its value."""

TOOL = "meshmigrate"

AMBIENT = "ambient"
PROFILES = ("sidecar", AMBIENT)
"""How the target's proxies stand by pods: one in each pod, or one on each node with waypoints for requests."""


EVERY_POD = "*"
"""The labels of the pods of a Gateway that names none."""


@dataclass(frozen=True, slots=True, order=True)
class Beside:
    """An object of the input that the source does not heed and that stays beside what is written.

    ``host``: what it says it is for (``spec.host``, a name of ``spec.targetRefs``, the labels of the pods that serve a Gateway
    of ``networking.istio.io``: ``istio=inner,zone=a``); one value for each.
    """

    kind: str
    namespace: str
    name: str
    host: str = ""

    @property
    def key(self) -> str:
        """``Kind/namespace/name``."""
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run is told beside its files. Networks are CIDR blocks; ``()`` means not given."""

    source: Target
    target: Target
    namespace: str = "default"
    complete: bool = False
    trust_domain: str = "cluster.local"
    cluster_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    control_plane_namespace: str = "linkerd"
    cluster_networks: tuple[str, ...] = ()
    node_networks: tuple[str, ...] = ()
    on_inexact: str = "narrow"
    """``narrow``: stay at or below what the source allowed; ``refuse``: leave the resource out."""
    defaults: str = "pin"
    """``pin``: write the source's silent behaviour out; ``adopt``: take the target's own."""
    gateway_class: str | None = None
    gateway_selector: tuple[str, ...] = ()
    """Labels of the pods that serve gateways as the target's own (:func:`translator.selectors.selectors_of`)."""
    profile: str = PROFILES[0]
    """One of :data:`PROFILES`; only a target that has both may be asked for another than the first."""
    allow_envoy_config: bool = False
    """Whether the target's proxies may be configured in their own words; only a target that takes these may be asked."""
    verify: bool = True
    """Whether what is in force afterwards is read back and compared with the source."""
    beside: tuple[Beside, ...] = ()
    """What of the input stays beside what is written; the pipeline fills it in."""


@dataclass(frozen=True, slots=True)
class Inert:
    """A leaf that changes no traffic by its nature, with the reason."""

    leaf: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an importer made of the resources.

    ``claimed``: the resources that only this mesh understands; leaves of theirs that are neither in the model nor inert
    nor read are ``unread``. ``reads``: the leaves that the readers looked at. Resources that nobody claims are carried.
    ``options``: those of the run with what the input says of the installation; absent: as they were given.
    """

    model: Model
    claimed: tuple[Resource, ...] = ()
    inert: tuple[Inert, ...] = ()
    reads: frozenset[int] = frozenset()
    losses: tuple[Loss, ...] = ()
    options: Options | None = None
    shared: tuple[Resource, ...] = ()
    """Claimed resources that another mesh heeds too where they stand: what is not overwritten is to be deleted."""
    edits: tuple[Edit, ...] = ()
    """What leaves documents that stay, since the model says it."""
    spoken: Mapping[int, Fate] = field(default_factory=dict)
    """Leaves of documents that stay, which an edit or a finding of the importer is about, with their fates."""
    setup: tuple[Resource, ...] = ()
    """Claimed resources that set up the mesh itself: they stay where the target is the same mesh."""
    heeded: frozenset[int] = frozenset()
    """Leaves of objects of others by which they say who has a proxy of its own, and how it runs: the same mesh heeds them."""
    standing: tuple[Fact, ...] = ()
    """Facts of objects that stay as they are, whatever the target: they hold before and after, and are not written."""


class Importer(Protocol):
    """A mesh as a source."""

    def __call__(self, resources: Sequence[Resource], options: Options) -> Import:
        """States the facts; raises an ``ExceptionGroup`` of ``InputError``."""


@dataclass(frozen=True, slots=True)
class Said:
    """A constant of an output with the nodes that it says: a trail, a value that it follows from, a default."""

    value: Scalar | dict[str, Never]
    by: tuple[Traced[object], ...]


Tree = dict[str, "Tree"] | list["Tree"] | Traced[str] | Traced[int] | Traced[bool] | Said
"""An output document with a trail at every leaf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A new document. ``objects``: keys of the source objects whose labels go along."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    tree: dict[str, Tree]
    purpose: tuple[Traced[object], ...]
    """The nodes that this document states; its ``apiVersion``, ``kind`` and name are theirs."""

    @property
    def key(self) -> str:
        """``Kind/namespace/name``."""
        return f"{self.kind}/{self.namespace or ''}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change to a document of the input: ``resource`` is its ``Kind/namespace/name``.

    ``put``: values for paths from the root of the resource. ``leave``: values whose input leaves go, since what is put
    says them now. ``restart``: it takes effect only when the pods are made anew.
    """

    resource: str
    put: tuple[tuple[tuple[str | int, ...], Traced[str] | Said], ...] = ()
    leave: tuple[Traced[object], ...] = ()
    restart: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """All that an exporter writes."""

    manifests: tuple[Manifest, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an exporter made of a model: the legal form, what it writes, what it had to lose and assume."""

    legal: Model
    emission: Emission
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


class Exporter(Protocol):
    """A mesh as a target."""

    def __call__(self, model: Model, options: Options) -> Export:
        """Prunes, legalises and writes a closed model."""


class Grade:
    """How well a target can say a field."""

    FULL = "FULL"
    PARTIAL = "PARTIAL"
    NOT_YET = "NOT_YET"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a capability table: what the target can do with the position ``key`` (``Class.field``).

    ``key`` may end in ``.*`` for all fields of a class. ``code`` is the finding where it is lost.
    """

    key: str
    grade: str
    code: str = ""
    why: str = ""
    advice: str = ""
    since: str = ""
    until: str = ""
    channel: str = ""
    source: str = ""
    impact: str = ""
    within: tuple[str, ...] = ()
    """Classes of the facts in which the row speaks; none: in all."""
    surface: str = ""
    """``gateway``: it speaks of what gateways of a given class do, and comes before the rows for the mesh itself."""

    def applies(self, target: Target) -> bool:
        """Whether the row speaks for this version and channel."""
        return (
            (not self.since or target.at_least(self.since))
            and (not self.until or not target.at_least(self.until))
            and (not self.channel or self.channel == target.channel)
        )


SUPPORT = {
    Grade.PARTIAL: Support.PARTIAL,
    Grade.NOT_YET: Support.NOT_YET,
    Grade.NEVER: Support.NEVER,
}
"""The support that a finding states for a grade."""
