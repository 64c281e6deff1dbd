"""Who may call whom: for each port of each workload the callers that its rules let in by who they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller
from ir.behaviour.stages import Access
from ir.inventory import Workload
from ir.language import Opaque
from ir.model import Model
from translator.verify.callers import World, certified, twin
from translator.verify.decide import allowed
from translator.verify.everybody import everybody
from translator.verify.frame import CALLER, Frame, asked_of
from translator.verify.holding import classes
from translator.verify.space import bits, lowest
from translator.verify.stage import Account
from translator.verify.strangers import NOWHERE, STRANGER


@dataclass(frozen=True, slots=True)
class Reached:
    """A port with the callers that may send it something; ``anyone``: whoever has an identity and is not named may.

    ``callers``: each with whether it may do things for which it must show who it is; an account without name stands for
    everybody of its namespace.
    """

    workload: Workload
    port: int
    callers: tuple[tuple[Account, bool], ...]
    anyone: bool


def reached(model: Model, trust_domain: str) -> Iterator[Reached]:
    """Every declared port of every workload with those who may call it; what is too hard is left out."""
    lowering = Lowering(model)
    doors: list[tuple[Workload, int, Access]] = []
    for workload in model.inventory.workloads:
        about = lowering.about(workload)
        for port in model.inventory.ports_of(workload):
            try:
                low = lowering.access(lowering.at(about, workload, port), workload, port)
            except Opaque:
                continue
            doors.append((workload, port, low.access))
    world = everybody((model,), [access for _, _, access in doors], trust_domain)
    known: dict[Access, tuple[int, int]] = {}
    own = world.select(lambda c: certified(c) and c.trust_domain == trust_domain)
    unknown = own & world.select(_is_nobody) or own
    for workload, port, access in doors:
        if access not in known:
            known[access] = _let_in(access, world)
        let_in, showing = known[access]
        yield Reached(
            workload, port, tuple(_callers(world, let_in & own, showing)), not unknown & ~let_in
        )


def _is_nobody(caller: Caller) -> bool:
    """Whether nothing is known of the caller."""
    return caller.namespace.startswith(NOWHERE) and not (caller.labels or caller.namespace_labels)


def _callers(world: World, let_in: int, showing: int) -> Iterator[tuple[Account, bool]]:
    found: dict[Account, bool] = {}
    for number in bits(let_in):
        caller = world.members[number].caller
        account = "" if caller.service_account.startswith(STRANGER) else caller.service_account
        if not caller.namespace.startswith(NOWHERE):
            key = caller.namespace, account
            found[key] = found.get(key, False) or bool(showing >> number & 1)
    yield from sorted(found.items())


def _let_in(access: Access, world: World) -> tuple[int, int]:
    """The callers that may send something, and those of them who may send less without an identity."""
    found = showing = 0
    for http in (True, False):
        try:
            frame = Frame(asked_of(access), world, http=http, audiences=_untwinned(access, world))
        except Opaque:
            continue
        passes = allowed(access, frame).may
        width = frame.space.strides[CALLER]
        row = (1 << width) - 1
        for atom, group in enumerate(frame.callers):
            own = passes >> atom * width & row
            if own:
                found |= group
                plain = world.bit_of(twin(world.members[lowest(group)].caller))
                other = next((n for n, g in enumerate(frame.callers) if g & plain), atom)
                showing |= group if own & ~(passes >> other * width & row) else 0
    return found, showing


def _untwinned(access: Access, world: World) -> list[int]:
    """For each group of callers those whose twins in clear text are in it."""
    groups = classes(asked_of(access).callers, (), world)
    return [
        world.select(lambda c, g=group: bool(certified(c) and world.bit_of(twin(c)) & g))  # type: ignore[misc]
        for group in groups
    ]
