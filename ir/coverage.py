"""Whether a fact is about a workload, and about one of its ports."""

from __future__ import annotations

from ir.attachment import Attachment, Scope, ServicePort, Subject, WorkloadPort
from ir.inventory import Inventory, Workload, meets
from ir.match import Operator
from ir.provenance import Traced


def covers(subject: Subject, workload: Workload, inventory: Inventory) -> bool:
    """Whether the subject includes the workload; listeners include none."""
    if subject.workload is not None or _left_to_narrower(subject, workload, inventory):
        return subject.workload is not None and workload.key == subject.workload.value
    where = None if subject.namespace is None else subject.namespace.value
    match subject.scope:
        case Scope.MESH:
            return True
        case Scope.NAMESPACE:
            return workload.namespace == where
        case Scope.WORKLOADS:
            here = where is None or workload.namespace == where
            return here and (subject.labels is None or meets(workload.labels, subject.labels.value))
        case Scope.SERVICE:
            service = inventory.service(where or "", subject.name.value if subject.name else "")
            return service is not None and workload in inventory.endpoints(service)
        case Scope.LISTENER | Scope.EGRESS:
            return False


def may_meet(one: Subject, other: Subject) -> bool:
    """Whether some pod may be of both: not where they are of two namespaces, or a label must have two values."""
    spaces = {s.namespace.value for s in (one, other) if s.namespace is not None}
    mine, theirs = _wanted(one), _wanted(other)
    return len(spaces) < 2 and all(mine[key] & theirs[key] for key in mine.keys() & theirs.keys())  # noqa: PLR2004  # two


def _wanted(subject: Subject) -> dict[str, set[str]]:
    """The values that labels of the pods may have."""
    labels = () if subject.labels is None else subject.labels.value.requirements
    return {one.key: set(one.values) for one in labels if one.operator is Operator.IN}


def _left_to_narrower(subject: Subject, workload: Workload, inventory: Inventory) -> bool:
    return any(covers(narrower, workload, inventory) for narrower in subject.excluding)


def covers_port(attachment: Attachment, workload: Workload, port: int) -> bool:
    """Whether the attachment holds on this port of a workload that its subject covers."""
    if any(_is(excluded, workload, port) for excluded in attachment.excluding_ports):
        return False
    return not attachment.ports or any(_is(own, workload, port) for own in attachment.ports)


def covers_undeclared(attachment: Attachment) -> bool:
    """Whether the attachment holds on ports that nobody declared."""
    return not attachment.ports


def _is(own: Traced[WorkloadPort | ServicePort], workload: Workload, port: int) -> bool:
    value = own.value
    return isinstance(value, WorkloadPort) and value.covers(port, workload.port_number(value.port))
