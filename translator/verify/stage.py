"""A cluster in which two meshes serve side by side, and what such a state may let through.

A namespace is served by one of them: its pods have the proxies of that mesh. Each mesh reads the documents in force by
itself; what it says holds for the pods that it serves. A call between pods of one mesh is what that mesh makes of it. A
call from the one to the other arrives in clear text and shows no identity: no proxy has a certificate that the other
mesh trusts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ir.behaviour.request import Caller
from ir.model import Model
from translator.verify.callers import certified, twin
from translator.verify.result import Sample, Verdict


@dataclass(frozen=True, slots=True)
class Stage:
    """``first``: what the mesh that is left makes of the documents in force, ``second`` what the one that comes does.

    ``servers``: namespaces whose servers are in the second, ``clients``: those whose clients are; they differ while pods
    are made anew. ``mark``: the label that pods in the second bear, where the network knows callers by label; empty: none
    that matters.
    """

    first: Model
    second: Model
    servers: frozenset[str]
    clients: frozenset[str]
    mark: str = ""

    def of(self, namespace: str) -> Model:
        """The model that holds for servers of the namespace."""
        return self.second if namespace in self.servers else self.first

    def crosses(self, caller: Caller, server: str) -> bool:
        """Whether the caller comes to servers of the namespace from the other mesh, with an identity to lose.

        A network that knows it by its labels asks for no other.
        """
        if self.mark and server not in self.servers:
            return False
        return certified(caller) and (caller.namespace in self.clients) != (server in self.servers)

    def seen(self, caller: Caller, server: str) -> Caller:
        """The caller as servers of the namespace see it."""
        return self.marked(twin(caller) if self.crosses(caller, server) else caller)

    def marked(self, caller: Caller) -> Caller:
        """The caller with the label that its pod has by now."""
        if not self.mark or caller.namespace not in self.clients or self.mark in caller.labels:
            return caller
        return replace(caller, labels={**caller.labels, self.mark: ""})


Account = tuple[str, str]
"""Namespace and service account; without account everybody of the namespace is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A listed way in: at ``port`` of ``workload`` the requests that ``peers`` may make are let in from anybody.

    ``plain``: from anybody in clear text only. ``networks``: from these addresses only; none: from all.
    """

    workload: str
    port: int
    peers: tuple[Account, ...]
    plain: bool
    networks: tuple[str, ...] = ()


class Passage(StrEnum):
    """What a state does to a class of requests that neither its start nor its end does."""

    OPENED = "opened"
    """They are let in, and nothing lists it."""
    LISTED = "listed"
    """They are let in, and a permit lists it."""
    SHUT = "shut"
    """They are refused, though both let them in."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A class of requests with one that shows it; ``sample`` tells start and state, ``end`` what the end does."""

    passage: Passage
    sample: Sample
    end: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class DoorFound:
    """What a state does at one port of one workload.

    ``clear``: the peers whose calls arrive in clear text and are let in. ``declared``: somebody says that there is such a
    port; else it stands for all of which nobody does.
    """

    name: str
    workload: str
    port: int
    verdict: Verdict
    passed: tuple[Passed, ...] = ()
    clear: tuple[Account, ...] = ()
    reasons: tuple[str, ...] = ()
    declared: bool = True
