"""Ports of a rule as a test on the request, for targets whose policies are bound to pods and not to their ports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.access import Grant, Refusal
from ir.attachment import ServicePort, WorkloadPort
from ir.coverage import covers
from ir.inventory import Inventory, Workload
from ir.match import Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced, named

LONGEST = 64
"""Ports of a range that are written out."""

Port = Traced[WorkloadPort | ServicePort]


def with_port_test(fact: Grant | Refusal, inventory: Inventory) -> Grant | Refusal | None:
    """The rule for all ports that asks for its own; ``None``: their numbers are not the same for all pods, or too many."""
    if not fact.attachment.ports:
        return fact
    pods = [w for w in inventory.workloads if covers(fact.attachment.subject, w, inventory)]
    terms: list[Traced[Term]] = []
    for port in fact.attachment.ports:
        found = list(_numbers(port, pods))
        if not found:
            return None
        terms.extend(port.derive(Pattern(PatternKind.EXACT, str(number))) for number in found)
    test = Test(part=Part.PORT, any_of=tuple(terms), trail=named("ports", fact.trail))
    return replace(fact, attachment=replace(fact.attachment, ports=()), always=(*fact.always, test))


def _numbers(port: Port, pods: list[Workload]) -> Iterator[int]:
    value = port.value
    if not isinstance(value, WorkloadPort):
        return
    if isinstance(value.port, int):
        last = max(value.port, value.last)
        if last - value.port < LONGEST:
            yield from range(value.port, last + 1)
        return
    numbers = {pod.port_number(value.port) for pod in pods}
    if len(numbers) == 1:
        yield from (number for number in numbers if number is not None)
