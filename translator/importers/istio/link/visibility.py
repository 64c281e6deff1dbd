"""``exportTo``: which clients see a routing resource, and which of several they heed.

istio/istio pilot/pkg/model/push_context.go ``initVirtualServices``, 1.31: for the clients of a
namespace, the resources private to it, then those exported to it by name, then the public ones;
among these the oldest.
"""

from __future__ import annotations

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

    @property
    def age(self) -> Traced[str]:
        """What was spent on the choice: the ``creationTimestamp``, where there is a choice."""
        created = self.claim.created
        return Traced(created.value, created.because if self.contested else ())

    @property
    def stands(self) -> bool:
        """Whether any client heeds it."""
        return self.seen.public or bool(self.seen.namespaces)


def standings(claims: Sequence[Claim]) -> tuple[tuple[Standing, ...], bool]:
    """Who is heeded among the claims to one host, and whether ages that are not known decided.

    A narrower table wins for its clients and leaves the wider one to all others.
    """
    known = all(claim.created.value for claim in claims)
    blank = Traced("")
    order = sorted(claims, key=lambda c: by_age(c.created if known else blank, c.meta))
    public = next((claim for claim in order if claim.seen.public), None)
    owners: dict[str, Claim] = {}
    for private in (True, False):
        for claim in order:
            for space in claim.seen.namespaces:
                if (space.value == claim.meta.namespace.value) is private:
                    owners.setdefault(space.value, claim)
    found = tuple(
        replace(_standing(claim, public, owners), contested=len(claims) > 1) for claim in claims
    )
    return found, not known and any(one.winner for one in found)


def _standing(claim: Claim, public: Claim | None, owners: dict[str, Claim]) -> Standing:
    seen = claim.seen
    if seen.public:
        if public is None or public is claim:
            return Standing(claim, seen)
        nobody = Visibility(public=False, namespaces=(), spent=())
        return Standing(claim, nobody, seen.spent, public.meta.key)
    kept = tuple(s for s in seen.namespaces if owners[s.value] is claim)
    lost = tuple(s for s in seen.namespaces if owners[s.value] is not claim)
    rest = Visibility(public=False, namespaces=kept, spent=seen.spent)
    return Standing(claim, rest, lost, owners[lost[0].value].meta.key if lost else "")
