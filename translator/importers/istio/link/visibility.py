"""``exportTo``: which clients see a routing resource, and which of several they heed.

istio/istio pilot/pkg/model/push_context.go ``initVirtualServices``, 1.31: for the clients of a
namespace, the resources private to it, then those exported to it by name, then the public ones;
among these the oldest.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ir.attachment import Audience, Reach
from ir.provenance import Traced, absorb, merge_equal
from translator.importers.istio.link.hosts import Place
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True)
class Visibility:
    """Everyone (``public``), or the clients of ``namespaces``, each once; neither: nobody.

    ``spent``: the leaves of ``exportTo`` that name no namespace of these.
    """

    public: bool
    namespaces: tuple[Traced[str], ...]
    spent: tuple[Traced[str], ...]

    def reaches(self, other: Visibility) -> bool:
        """Whether all who see the other see this too."""
        mine = [space.value for space in self.namespaces]
        return self.public or (
            not other.public and all(space.value in mine for space in other.namespaces)
        )


def only(space: Traced[str]) -> Visibility:
    """The clients of one namespace."""
    return Visibility(public=False, namespaces=(space,), spent=())


def without(seen: Visibility, spaces: Sequence[Traced[str]]) -> Visibility:
    """The clients that are left without those of some namespaces; of all clients, none is named."""
    gone = {space.value for space in spaces}
    kept = tuple(space for space in seen.namespaces if space.value not in gone)
    spent = tuple(space for space in seen.namespaces if space.value in gone)
    return replace(seen, namespaces=kept, spent=(*seen.spent, *spent))


def visibility_of(export_to: Sequence[Traced[str]], meta: Meta) -> Visibility:
    """The meaning of ``exportTo``: ``*`` outdoes the rest, and so does ``~`` among names."""
    words = [word.value for word in export_to]
    if not words or "*" in words:
        return Visibility(public=True, namespaces=(), spent=tuple(export_to))
    if "~" in words:
        return Visibility(public=False, namespaces=(), spent=tuple(export_to))
    spaces: dict[str, list[Traced[str]]] = {}
    for word in export_to:
        own = Traced(meta.namespace.value, word.origin, meta.namespace.origin)
        space = own if word.value == "." else word
        spaces.setdefault(space.value, []).append(space)
    merged = tuple(merge_equal(found) for found in spaces.values())
    return Visibility(public=False, namespaces=merged, spent=())


def audience_of(seen: Visibility, meta: Meta) -> Audience:
    """The clients for whom a table or a policy holds."""
    return Audience(
        reach=Reach.EVERYONE if seen.public else Reach.NAMESPACES,
        namespaces=seen.namespaces,
        trail=absorb(meta.fact("clients"), *seen.spent),
    )


def by_age(created: Traced[str], meta: Meta) -> tuple[str, str]:
    """The key by which the oldest comes first; of one age, by name and namespace."""
    return created.value, f"{meta.name.value}.{meta.namespace.value}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A VirtualService, known by its ``number``, asks for the requests to one of its hosts."""

    number: int
    host: Traced[str]
    place: Place
    seen: Visibility
    created: Traced[str]
    meta: Meta
    port: int | None = None
    """The only port of the host that it is for."""
    preferred: bool = False
    """The clients of its own namespace prefer it to public ones, though it may be public itself."""
    shown: Visibility | None = None
    """Who is shown it, where it has rules for some of these only, namespaces told by ``seen``; absent: all of them."""
    by_labels: bool = False
    """It has rules for clients with some labels only, and leaves all others to the claims after it."""

    @property
    def particular(self) -> int:
        """How particular its host is: an exact name most of all, then the longest wildcard."""
        text = self.host.value
        return len(text) if text.startswith("*") else sys.maxsize

    def sees(self, space: str) -> bool:
        """Whether the clients of a namespace see it."""
        return self.seen.public or any(one.value == space for one in self.seen.namespaces)

    def grade(self, space: str) -> int | None:
        """How early the clients of a namespace look at it, 0 first; ``None``: with the public ones, or not at all."""
        own = space == self.meta.namespace.value
        if self.preferred and own:
            return 2
        shown = self.seen if self.shown is None else self.shown
        named = any(one.value == space for one in shown.namespaces)
        return (0 if own else 1) if named else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a claim is heeded for: ``seen`` is empty where others take everything.

    ``lost``: what was claimed in vain; ``winner`` is the first that took of it. ``contested``: there are other claims,
    so that the age decides.
    """

    claim: Claim
    seen: Visibility
    lost: tuple[Traced[str], ...] = ()
    winner: str = ""
    contested: bool = False
    without: tuple[Traced[int], ...] = ()
    """Ports of the host that others have."""
    taken: frozenset[str] = frozenset()
    """Namespaces among all clients that others have."""

    @property
    def age(self) -> Traced[str]:
        """What was spent on the choice: the ``creationTimestamp``, where there is a choice."""
        created = self.claim.created
        return Traced(created.value, created.because if self.contested else ())

    @property
    def stands(self) -> bool:
        """Whether any client heeds it."""
        return self.seen.public or bool(self.seen.namespaces)


def standings_by_port(claims: Sequence[Claim]) -> tuple[tuple[Standing, ...], bool]:
    """The same where some claims are for one port of the host only: on it, all that are for it or for any compete."""
    wide = [claim for claim in claims if claim.port is None]
    found, guessed = standings(wide)
    ports = sorted({claim.port for claim in claims if claim.port is not None})
    narrow: list[Standing] = []
    for port in ports:
        own = [claim for claim in claims if claim.port == port]
        there, by_guess = standings([*wide, *own])
        guessed = guessed or by_guess
        found = tuple(
            replace(one, without=(*one.without, _port_of(own))) if now.seen != one.seen else one
            for one, now in zip(found, there, strict=False)
        )
        narrow.extend(there[len(wide) :])
    return (*found, *narrow), guessed


def _port_of(claims: Sequence[Claim]) -> Traced[int]:
    because = tuple(leaf for claim in claims for leaf in claim.meta.because)
    return Traced(claims[0].port or 0, (), because)


def standings(claims: Sequence[Claim]) -> tuple[tuple[Standing, ...], bool]:
    """Who is heeded among the claims to one host, and whether ages that are not known decided.

    The most particular host counts, and of one host the narrower table, which leaves the wider one to all others.
    """
    known = all(claim.created.value for claim in claims)
    blank = Traced("")
    order = sorted(claims, key=lambda c: by_age(c.created if known else blank, c.meta))
    whole = [claim for claim in order if not claim.by_labels]
    public = max((c for c in whole if c.seen.public), key=lambda c: c.particular, default=None)
    owners = _owners(whole)
    ranks = [claim.particular for claim in claims]
    found = tuple(
        replace(
            _beside(claim, public, owners, order)
            if claim.by_labels
            else _standing(claim, public, owners),
            contested=ranks.count(claim.particular) > 1,
        )
        for claim in claims
    )
    return found, not known and any(one.winner and one.contested for one in found)


def _owners(order: Sequence[Claim]) -> dict[str, Claim]:
    """Who has the clients of each namespace that some claim names or that prefer one of their own.

    istio/istio pilot/pkg/model/push_context.go ``VirtualServicesForGateway``, 1.31: of the most particular host private ones, those exported by
    name, Gateway API routes of the client's own namespace, then the other public ones.
    """
    spaces = {one.value: None for claim in order for one in claim.seen.namespaces}
    spaces.update({c.meta.namespace.value: None for c in order if c.preferred})
    owners: dict[str, Claim] = {}
    for space in spaces:
        seen = [claim for claim in order if claim.sees(space)]
        rank = max(claim.particular for claim in seen)
        best = [claim for claim in seen if claim.particular == rank]
        grades = [(grade, claim) for claim in best if (grade := claim.grade(space)) is not None]
        owners[space] = min(grades, key=lambda one: one[0])[1] if grades else best[0]
    return owners


def _beside(
    claim: Claim, public: Claim | None, owners: dict[str, Claim], order: Sequence[Claim]
) -> Standing:
    """What a claim for clients with some labels is heeded for: whatever no earlier claim takes whole.

    istio/istio pilot/pkg/networking/core/route/route.go ``buildSidecarVirtualHostsForVirtualService``, 1.31: without a rule for
    the client it makes no virtual host, and the next VirtualService of the host does.
    """
    seen = claim.seen
    if seen.public:
        if public is None:
            own = {s: one for s, one in owners.items() if one.grade(s) is not None}
            taken = (s for s, one in own.items() if not _goes_first(claim, one, order, s))
            return Standing(claim, seen, taken=frozenset(taken))
        if _goes_first(claim, public, order):
            return Standing(claim, seen)
        nobody = Visibility(public=False, namespaces=(), spent=())
        return Standing(claim, nobody, seen.spent, public.meta.key)
    lost = tuple(
        space
        for space in seen.namespaces
        if space.value in owners and not _goes_first(claim, owners[space.value], order, space.value)
    )
    kept = tuple(space for space in seen.namespaces if space not in lost)
    rest = Visibility(public=False, namespaces=kept, spent=seen.spent)
    return Standing(claim, rest, lost, owners[lost[0].value].meta.key if lost else "")


def _goes_first(one: Claim, other: Claim, order: Sequence[Claim], space: str = "") -> bool:
    """Whether the clients of a namespace, or those of all that none names, look at the one before the other."""

    def place(claim: Claim) -> tuple[int, int, int]:
        grade = claim.grade(space) if space else None
        return -claim.particular, _PUBLIC if grade is None else grade, order.index(claim)

    return place(one) < place(other)


_PUBLIC = 3
"""The grade of public claims, after all others."""


def _standing(claim: Claim, public: Claim | None, owners: dict[str, Claim]) -> Standing:
    seen = claim.seen
    if seen.public:
        if public is None or public is claim:
            taken = frozenset(space for space, owner in owners.items() if owner is not claim)
            return Standing(claim, seen, taken=taken)
        space = claim.meta.namespace
        if claim.preferred and owners[space.value] is claim:
            own = Traced(space.value, (), (*space.origin, *space.because))
            left = Visibility(public=False, namespaces=(own,), spent=seen.spent)
            return Standing(claim, left, (), public.meta.key)
        nobody = Visibility(public=False, namespaces=(), spent=())
        return Standing(claim, nobody, seen.spent, public.meta.key)
    kept = tuple(s for s in seen.namespaces if owners[s.value] is claim)
    lost = tuple(s for s in seen.namespaces if owners[s.value] is not claim)
    rest = Visibility(public=False, namespaces=kept, spent=seen.spent)
    return Standing(claim, rest, lost, owners[lost[0].value].meta.key if lost else "")
