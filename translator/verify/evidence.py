"""Callers that are known by a weaker proof of who they are.

A change is one of evidence where a pod comes in that does not show the certificate of the mesh, or shows that of another
trust domain, and the same pod with the certificate came in before by the same request; or where it is refused now, as the
same pod with the certificate was before. Who is meant stays the same; what proves it does not. Where the source demands a certificate of everybody, it is no such change: clear text is let in.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product

from ir.behaviour.request import Caller
from translator.verify.callers import World, certified
from translator.verify.frame import CALLER, Frame
from translator.verify.space import bits

Account = tuple[str, str, tuple[tuple[str, str], ...]]


class Twins:
    """For each caller without the certificate of the mesh, those that are the same with it."""

    def __init__(self, world: World, trust_domain: str) -> None:
        self._world = world
        self._domain = trust_domain

    @cached_property
    def _proven(self) -> dict[Account, int]:
        found: dict[Account, int] = {}
        for number, member in enumerate(self._world.members):
            caller = member.caller
            if certified(caller) and caller.trust_domain == self._domain:
                found[_account(caller)] = found.get(_account(caller), 0) | 1 << number
        return found

    @cached_property
    def _named(self) -> dict[tuple[str, str], int]:
        """Those with the certificate by namespace and service account, whatever their labels."""
        found: dict[tuple[str, str], int] = {}
        for (space, name, _), group in self._proven.items():
            found[space, name] = found.get((space, name), 0) | group
        return found

    @cached_property
    def _standing(self) -> dict[tuple[bool, bool], tuple[dict[int, int], int]]:
        """By whether requests in clear text and labels count: the twins of each caller that has some, and all without."""
        ways = product((False, True), repeat=2)
        return {
            (clear, labels): self._stand_for(clear=clear, labels=labels) for clear, labels in ways
        }

    def _stand_for(self, *, clear: bool, labels: bool) -> tuple[dict[int, int], int]:
        twins: dict[int, int] = {}
        for number, member in enumerate(self._world.members):
            caller = member.caller
            proven = certified(caller) and caller.trust_domain == self._domain
            if caller.namespace and not proven and (clear or certified(caller)):
                found = self._proven.get(_account(caller), 0)
                if not found and not labels:
                    found = self._named.get((caller.namespace, caller.service_account), 0)
                if found:
                    twins[number] = found
        return twins, self._world.everybody & ~sum(1 << number for number in twins)

    def of(self, group: int, *, clear: bool, labels: bool = True) -> int:
        """The callers with a certificate that those of the group stand for; nobody where one of them has no twin.

        ``labels``: whether rules tell callers by the labels of their pods; else a pod of the same account will do.
        """
        twins, alone = self._standing[clear, labels]
        if group & alone:
            return 0
        found = 0
        for number in bits(group):
            found |= twins[number]
        return found

    def weaker(
        self, frame: Frame, changed: int, before: int, *, clear: bool, labels: bool = True
    ) -> int:
        """Those of the changed requests that fared otherwise before only for want of a certificate.

        ``before``: what the certificate was good for, or where less comes in, what it was not. ``clear``: requests in clear
        text may be among them. ``labels``: whether rules tell callers by the labels of their pods.
        """
        width = frame.space.strides[CALLER]
        row = (1 << width) - 1
        found = 0
        for atom, group in enumerate(frame.callers):
            own = changed >> atom * width & row
            if own:
                own &= _rows(frame, before, self.of(group, clear=clear, labels=labels), width)
                found |= own << atom * width
        return found


def _account(caller: Caller) -> Account:
    return caller.namespace, caller.service_account, tuple(sorted(caller.labels.items()))


def _rows(frame: Frame, cells: int, members: int, width: int) -> int:
    """The requests that all of the members may send; none where there are no members."""
    row = (1 << width) - 1
    groups = [atom for atom, group in enumerate(frame.callers) if group & members]
    found = row if groups else 0
    for atom in groups:
        found &= cells >> atom * width
    return found & row
