"""What Cilium's resources say, as written: policies of rules, blocks of addresses."""

from __future__ import annotations

from dataclasses import dataclass

from ir.access import Direction
from ir.attachment import WorkloadPort
from ir.match import AllOf, Labels, Test
from ir.opaque import Opaque
from ir.provenance import Traced, Trail
from translator.importers.cilium.envoy.config import EnvoyConfig
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A label selector: tests on pods, their namespaces and accounts, and on parts of the cluster that are no pods.

    ``spaced``: it speaks of the namespace; ``reserved``: of parts of the cluster; ``nobody``: it asks for a label that
    no identity has, and why.
    """

    tests: tuple[Test, ...] = ()
    labels: Traced[Labels] | None = None
    spaced: bool = False
    reserved: bool = False
    nobody: str = ""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class PortGroup:
    """Ports of one transport; ``ports`` empty: all of them. ``transport`` is a test that a rule must hold."""

    ports: tuple[Traced[WorkloadPort], ...]
    transport: Test
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRule:
    """One entry of ``toPorts`` or ``icmps``: ports, and what is asked of requests there.

    ``requests`` absent: anything; empty: nothing. ``always``: tests on the connection. ``odd``: pieces that are not
    understood whole. ``dead``: what the API server drops, and why.
    """

    groups: tuple[PortGroup, ...]
    requests: tuple[AllOf, ...] | None = None
    always: tuple[Test, ...] = ()
    odd: tuple[Opaque, ...] = ()
    dead: tuple[tuple[Trail, str], ...] = ()
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a direction: peers AND ports. ``peers`` absent: anyone; empty: nobody.

    ``proof``: a test that the peer proves who it is. ``idle``: why the entry lets nothing pass, where it does not.
    """

    peers: tuple[AllOf, ...] | None
    ports: tuple[PortRule, ...] | None
    proof: Test | None = None
    idle: str = ""
    dead: tuple[tuple[Trail, str], ...] = ()
    """Peers that are nobody, and why."""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One direction of a rule. ``closes``: absent, it does where it has an entry."""

    direction: Direction
    allows: tuple[Item, ...]
    denies: tuple[Item, ...]
    required: tuple[AllOf, ...] = ()
    """What pods must be besides (``fromRequires``)."""
    closes: Traced[bool] | None = None
    trail: Trail

    @property
    def spoken(self) -> bool:
        """Whether it has an entry at all."""
        return bool(self.allows or self.denies or self.required)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """``spec``, or one of ``specs``. ``refused``: why the agent takes none of the policy, if it does not."""

    subject: Selection
    of_nodes: bool
    sides: tuple[Side, Side]
    refused: str = ""
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A CiliumNetworkPolicy, or (``wide``) a CiliumClusterwideNetworkPolicy."""

    meta: Meta
    wide: bool
    rules: tuple[PolicyRule, ...]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class CidrGroup:
    """A named list of blocks of addresses."""

    meta: Meta
    blocks: tuple[Traced[str], ...]
    labels: dict[str, str]
    trail: Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A resource of which no more is known than what it may touch."""

    meta: Meta
    facts: tuple[Opaque, ...]


Statement = Policy | CidrGroup | Piece | EnvoyConfig
