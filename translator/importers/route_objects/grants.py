"""ReferenceGrant: who may refer to objects of another namespace (sigs.k8s.io/gateway-api geps/gep-709, 1.6).

The grant stands in the namespace of what is referred to. Routes whose parent is a Service need none (geps/gep-1294).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from translator.api import Options
from translator.errors import InputError
from translator.importers.route_objects.model import Grant
from translator.importers.route_objects.places import GROUPS, group_of
from translator.resources.gateway_api.read import ROUTE_GROUP
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource


def read_grant(root: Cursor, namespace: str) -> Grant:
    """The resource as written; ``namespace`` is that of objects that name none.

    Raises:
        InputError: a required field is missing or of the wrong type.
    """
    spec = root.map("spec")
    where = root.map("metadata").opt_str("namespace")
    return Grant(
        namespace=namespace if where is None or not where.value else where.value,
        come=tuple(
            (one.str("group").value, one.str("kind").value, one.str("namespace").value)
            for one in spec.opt_list("from")
        ),
        goal=tuple(_goals(spec)),
        leaves=root.leaves(),
    )


def _goals(spec: Cursor) -> Iterator[tuple[str, str, str]]:
    for one in spec.opt_list("to"):
        name = one.opt_str("name")
        yield one.str("group").value, one.str("kind").value, "" if name is None else name.value


@dataclass(frozen=True, slots=True)
class Grants:
    """All grants of the input."""

    all: Sequence[Grant] = ()

    def allowed(
        self, kind: str, come: str, goal: tuple[str, str], namespace: str, name: str
    ) -> tuple[int, ...] | None:
        """The leaves of a grant by which objects of ``kind`` in ``come`` may refer to this one; ``None``: there is none.

        ``goal`` is group and kind of what is referred to. In one namespace no grant is needed.
        """
        if come == namespace:
            return ()
        for grant in self.all:
            if (
                grant.namespace == namespace
                and (ROUTE_GROUP, kind, come) in grant.come
                and any((*goal, named) in grant.goal for named in ("", name))
            ):
                return grant.leaves
        return None


def read_grants(
    resources: Sequence[Resource], options: Options, reads: set[int], errors: list[InputError]
) -> Grants:
    """All grants among the resources; those that cannot be read are noted in ``errors``."""
    found: list[Grant] = []
    for resource in resources:
        if group_of(resource) in GROUPS and resource.kind == "ReferenceGrant":
            try:
                found.append(read_grant(root_cursor(resource, reads), options.namespace))
            except InputError as error:
                errors.append(error)
    return Grants(tuple(found))
