"""What a host name means: a service of the cluster, or a name that something else must serve.

istio/istio pilot/pkg/model/config.go ``ResolveShortnameToFQDN``, 1.31: a name without a dot is
completed with the namespace of the rule that holds it; a name with a dot is literal.
"""

from __future__ import annotations

from dataclasses import dataclass

from ir.attachment import Scope, Subject
from ir.inventory import Inventory
from ir.match import Pattern, PatternKind
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.kubernetes.metadata import Meta

_LABELS_OF_SERVICE = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A host. ``namespace`` is absent for all that is no service of the cluster by its name.

    ``text`` is the full name by which hosts are compared.
    """

    text: str
    name: Traced[str]
    namespace: Traced[str] | None


def place_of(host: Traced[str], meta: Meta, options: Options) -> Place:
    """The meaning of a host name in a rule of the object ``meta``."""
    text = host.value.lower()
    tail = f".svc.{options.cluster_domain}"
    if "." not in text and "*" not in text:
        space = meta.namespace.chosen_by(host)
        return Place(f"{text}.{space.value}{tail}", Traced(text, host.origin), space)
    labels = text.removesuffix(tail).split(".")
    if text.endswith(tail) and len(labels) == _LABELS_OF_SERVICE and "*" not in text:
        name, where = (Traced(label, host.origin) for label in labels)
        return Place(text, name, where)
    return Place(text, Traced(text, host.origin), None)


def subject_at(place: Place, meta: Meta) -> Subject:
    """The service at a place."""
    return Subject(
        scope=Scope.SERVICE,
        namespace=place.namespace,
        name=place.name,
        trail=trail(f"service {place.text}", because=meta.because),
    )


def unfinished(place: Place, inventory: Inventory) -> tuple[str, str] | None:
    """Namespace and name that a literal like ``reviews.prod`` or ``reviews.prod.svc`` suggests.

    ``None`` where it suggests none: the last label is no namespace that the input speaks of.
    """
    labels = place.text.removesuffix(".svc").split(".")
    if place.namespace is not None or "*" in place.text or len(labels) != _LABELS_OF_SERVICE:
        return None
    name, space = labels
    known = space in inventory.namespaces or space in inventory.by_namespace
    if place.text.endswith(".svc") or known or any(s == space for s, _ in inventory.services):
        return space, name
    return None


def covers(text: str, name: str) -> bool:
    """Whether the host of a rule, maybe with a leading wildcard, covers a full name."""
    return name.endswith(text[1:]) if text.startswith("*") else text == name


def asked_for(host: Traced[str], place: Place) -> tuple[Traced[Pattern], ...]:
    """The names that a request at a gateway must ask for; none: any.

    A name without a dot is completed there too (pilot/pkg/model/virtualservice.go ``resolveVirtualServiceShortnames``).
    """
    text = place.text
    if text == "*":
        return ()
    kind = PatternKind.SUFFIX if text.startswith("*") else PatternKind.EXACT
    return (Traced(Pattern(kind, text.removeprefix("*"), ignore_case=True), host.origin),)
