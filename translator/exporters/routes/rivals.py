"""Tables that are for the same: a service, or a name outside."""

from __future__ import annotations

from collections.abc import Iterable

from ir.attachment import EnforcedAt, Scope
from ir.traffic import Protocol, RouteTable
from translator.exporters.routes.slots import meet


def host_of(table: RouteTable) -> str:
    """What the table is for, in words: a service, or a name outside and its port."""
    at = table.attachment
    if at.subject.scope is Scope.EGRESS and table.hosts and at.ports:
        return f"{table.hosts[0].value.text}:{at.ports[0].value.port}"
    space = "" if at.subject.namespace is None else f"{at.subject.namespace.value}/"
    return f"{space}{'' if at.subject.name is None else at.subject.name.value}"


def rivals_of(table: RouteTable, tables: Iterable[RouteTable]) -> list[RouteTable]:
    """The other tables that clients have for the service, at a port in common and of the same protocol."""
    return [other for other in tables if other is not table and _is_rival(other, table)]


def is_http_of(other: RouteTable, table: RouteTable) -> bool:
    """Whether ``other`` has rules for requests to the service of ``table``."""
    mesh = other.attachment.enforced_at is EnforcedAt.CLIENT
    return mesh and other.protocol is Protocol.HTTP and host_of(other) == host_of(table)


def _is_rival(one: RouteTable, other: RouteTable) -> bool:
    mesh = one.attachment.enforced_at is EnforcedAt.CLIENT
    same = one.protocol is other.protocol and host_of(one) == host_of(other)
    return mesh and same and meet(one.attachment, other.attachment)
