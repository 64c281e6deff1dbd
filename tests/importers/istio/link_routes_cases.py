"""Routing resources from text, read and linked, with the law that no leaf is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from textwrap import dedent, indent

from ir.match import Pattern, Test
from ir.provenance import Traced
from ir.traffic import Route, RouteTable
from ir.walk import traced
from translator.api import Options
from translator.importers.istio.destination_rule import read_destination_rule
from translator.importers.istio.link.routes import link_routes
from translator.importers.istio.model import DestinationRule, Statement, VirtualService
from translator.importers.istio.virtual_service import read_virtual_service
from translator.importers.linked import Linked
from translator.report.model import Fate
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.resources.kubernetes.read import read_inventory
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import document_of, leaf_of
from translator.source.load import Loaded, load_text
from translator.target import parse_target

OPTIONS = Options(source=parse_target("istio@1.31"), target=parse_target("linkerd"))
READERS: dict[str, Callable[[Cursor, Meta], Statement]] = {
    "VirtualService": read_virtual_service,
    "DestinationRule": read_destination_rule,
}


@dataclass(frozen=True, slots=True)
class Read:
    """Statements with what was looked at and what is inert by nature."""

    loaded: Loaded
    statements: tuple[Statement, ...]
    reads: frozenset[int]
    inert: frozenset[int]

    def paths(self, leaves: Iterable[int]) -> list[str]:
        """The paths of leaves."""
        documents = self.loaded.documents_by_number
        return [documents[document_of(leaf)].paths()[leaf_of(leaf)] for leaf in sorted(leaves)]


def virtual_service(
    spec: str, name: str = "reviews", namespace: str = "prod", created: str = ""
) -> str:
    """A VirtualService with this spec."""
    return _object("VirtualService", spec, name, namespace, created)


def destination_rule(
    spec: str, name: str = "reviews", namespace: str = "prod", created: str = ""
) -> str:
    """A DestinationRule with this spec."""
    return _object("DestinationRule", spec, name, namespace, created)


def _object(kind: str, spec: str, name: str, namespace: str, created: str) -> str:
    age = f"\n  creationTimestamp: {created}" if created else ""
    return (
        f"apiVersion: networking.istio.io/v1\nkind: {kind}\n"
        f"metadata:\n  name: {name}\n  namespace: {namespace}{age}\nspec:\n"
        f"{indent(dedent(spec), '  ')}\n"
    )


def read(*documents: str) -> Read:
    """The statements of some documents."""
    loaded = load_text("---\n".join(documents))
    reads: set[int] = set()
    inert: set[int] = set()
    statements: list[Statement] = []
    for resource in loaded.resources:
        if resource.kind in READERS:
            root = root_cursor(resource, reads)
            meta, own = read_metadata(root, "default")
            inert.update(one.leaf for one in own)
            statements.append(READERS[resource.kind](root, meta))
    return Read(loaded, tuple(statements), frozenset(reads), frozenset(inert))


def read_one(spec: str) -> VirtualService:
    """The VirtualService of a spec."""
    (found,) = read(virtual_service(spec)).statements
    assert isinstance(found, VirtualService)
    return found


def read_rule(rule: str) -> Route:
    """The only route of one item of ``http``."""
    (found,) = read_one(f"hosts: [reviews]\nhttp:\n- {indent(dedent(rule), '  ').strip()}").http
    return found


def read_destination(spec: str) -> DestinationRule:
    """The DestinationRule of a spec."""
    (found,) = read(destination_rule(spec)).statements
    assert isinstance(found, DestinationRule)
    return found


def link(*documents: str, complete: bool = False) -> Linked:
    """What the documents mean; every leaf that was read must have ended somewhere, and once."""
    found = read(*documents)
    inventory = read_inventory(found.loaded.resources, "default", complete=complete)
    linked = link_routes(found.statements, inventory, replace(OPTIONS, complete=complete))
    forgotten, twice = unaccounted(found, linked)
    assert not forgotten
    assert not twice
    return linked


def unaccounted(found: Read, linked: Linked) -> tuple[list[str], list[str]]:
    """Paths of leaves that were read and are nowhere, and of those that have two fates."""
    stated = {leaf for value in traced(linked.facts) for leaf in value.origin}
    idle = {leaf for one in linked.inactive for leaf in one.leaves}
    unread = {leaf for loss in linked.losses if loss.fate is Fate.UNREAD for leaf in loss.leaves}
    objects = {
        leaf
        for statement in found.statements
        for value in traced(statement.meta.source)
        for leaf in value.origin
    }
    forgotten = found.reads - stated - idle - unread - objects - found.inert
    twice = (stated & idle) | (stated & unread) | (idle & unread)
    return found.paths(forgotten), found.paths(twice)


def tables(linked: Linked) -> list[RouteTable]:
    """The route tables among the facts."""
    return [fact for fact in linked.facts if isinstance(fact, RouteTable)]


def table(linked: Linked) -> RouteTable:
    """The only route table."""
    (found,) = tables(linked)
    return found


def service_of(found: RouteTable) -> tuple[str | None, str | None]:
    """Namespace and name of the subject."""
    subject = found.attachment.subject
    return optional(subject.namespace), optional(subject.name)


def names(route: Route) -> list[str]:
    """Names of the services of a route's backends."""
    return [backend.destination.name.value for backend in route.backends]


def patterns(test: Test) -> list[tuple[str, str]]:
    """Kind and text of the patterns that a test asks for."""
    return [
        (term.value.kind.value, term.value.text)
        for term in (*test.any_of, *test.none_of)
        if isinstance(term.value, Pattern)
    ]


def optional(value: Traced[str] | None) -> str | None:
    """The value, if there is one."""
    return None if value is None else value.value
