"""Workloads that stand in a wider territory and have some of its ports open, because others alone have these closed.

The rules of all policies that select a pod hold together. So a policy of many pods may not open a port that some of them
have closed, and pods of which nobody speaks there would lose it too. Each such workload has a policy of its own, which opens
the ports that nobody closed for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import WorkloadPort
from ir.inventory import Inventory, Workload, equal_to
from ir.provenance import Traced
from translator.exporters.istio.legalise.territories import (
    Door,
    Pods,
    Territory,
    overlap,
    pods_of_workload,
    within,
)


@dataclass(frozen=True, slots=True)
class Bystander:
    """The pods of a workload, the ports that stay closed for them, and what closed the others with them."""

    pods: Pods
    closed: tuple[int, ...]
    because: tuple[Traced[str], ...]


def bystanders(territories: Sequence[Territory], inventory: Inventory) -> Iterator[Bystander]:
    """The pods to which some port must be given back, each once."""
    for pods in dict.fromkeys(map(pods_of_workload, inventory.workloads)):
        around = [t for t in territories if within(pods, t.pods)]
        own = _closed_for(pods, territories, inventory) if around else None
        if own is None:
            continue
        opened = [shut for t in around if (shut := shut_by(t, territories)) is not None]
        if not opened or frozenset.intersection(*opened) != own:
            trails = tuple(door.closed.trail for t in around for door in t.doors)
            yield Bystander(pods, tuple(sorted(own)), trails)


def still_shut(
    territories: Sequence[Territory], given: Sequence[Bystander], inventory: Inventory
) -> Iterator[tuple[Workload, Sequence[int], Sequence[Traced[str]]]]:
    """The workloads with ports that no policy opens to them though nobody closed these, and what has them closed."""
    for workload in inventory.workloads:
        pods = pods_of_workload(workload)
        around = [t for t in territories if within(pods, t.pods)]
        if not around or any(t.rest is not None for t in around):
            continue
        doors = [door for t in territories if overlap(t.pods, pods) for door in t.doors]
        closed = {d.port for t in around for d in t.doors if _is_of(d, workload)}
        opened = [shut_by(t, territories) for t in around]
        opened.extend(frozenset(one.closed) for one in given if within(pods, one.pods))
        kept = [shut for shut in opened if shut is not None]
        shut = frozenset.intersection(*kept) if kept else frozenset(inventory.ports_of(workload))
        gone = sorted(shut - closed)
        if gone:
            yield workload, gone, [d.closed.trail for d in doors if d.port in (*gone, None)]


def shut_by(territory: Territory, territories: Sequence[Territory]) -> frozenset[int] | None:
    """The ports that the policy of a territory does not open to everybody: its own, and those of all that it meets.

    ``None``: all, since some of these have the ports closed that have no door.
    """
    met = [territory, *(t for t in territories if overlap(t.pods, territory.pods))]
    if any(t.rest is not None for t in met):
        return None
    return frozenset(port for t in met for port in t.ports)


def _closed_for(
    pods: Pods, territories: Sequence[Territory], inventory: Inventory
) -> frozenset[int] | None:
    """The ports that are closed for some pod with these labels; ``None``: all that have no door."""
    met = [t for t in territories if overlap(t.pods, pods)]
    if any(t.rest is not None for t in met):
        return None
    own = inventory.selected(pods[0], equal_to(dict(pods[1])))
    return frozenset(
        door.port
        for t in met
        for door in t.doors
        if door.port is not None
        and (not within(pods, t.pods) or any(_is_of(door, workload) for workload in own))
    )


def _is_of(door: Door, workload: Workload) -> bool:
    """Whether it is a door of the workload: one by name is, where the name means that number."""
    ports = [port.value for port in door.closed.attachment.ports]
    return any(
        isinstance(port, WorkloadPort)
        and (isinstance(port.port, int) or workload.port_number(port.port) == door.port)
        for port in ports
    )
