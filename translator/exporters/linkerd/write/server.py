"""``policy.linkerd.io`` Server: one port of some pods, closed."""

from __future__ import annotations

from ir.access import Closed, Grant
from ir.attachment import Attachment, WorkloadPort
from ir.traffic import PortProtocol
from ir.walk import traced
from translator.api import Manifest, Said, Tree
from translator.exporters.linkerd.legalise.default_policies import POLICIES
from translator.exporters.naming import name_of
from translator.exporters.selectors import selector_tree

SERVER = "policy.linkerd.io/v1beta3"
KIND = "Server"

ServerKey = tuple[str, str, int | str]
"""Namespace, name of the workload or of the Server, port."""


def key_of(attachment: Attachment) -> ServerKey:
    """The server that an attachment of the legal form is about."""
    subject = attachment.subject
    (port,) = attachment.ports
    if (
        subject.namespace is None
        or subject.name is None
        or not isinstance(port.value, WorkloadPort)
    ):
        raise TypeError(attachment)
    return subject.namespace.value, subject.name.value, port.value.port


def server_name(attachment: Attachment) -> str:
    """The name of the Server: that of the workload and the port, or its own."""
    _, workload, port = key_of(attachment)
    kind, _, rest = workload.partition("/")
    name = rest.rpartition("/")[2]
    if kind == KIND:
        return name
    return name_of(name, *(() if kind == "Deployment" else (kind.lower(),)), str(port))


def is_policy(grant: Grant) -> bool:
    """Whether a grant is said by the ``accessPolicy`` of its Server."""
    return grant.name is not None and grant.name.value in POLICIES


def write_server(closed: Closed, protocol: PortProtocol, grant: Grant | None = None) -> Manifest:
    """A Server that refuses what nothing authorizes; ``grant``: what its own policy does (none: ``deny``)."""
    attachment = closed.attachment
    subject = attachment.subject
    (port,) = attachment.ports
    if subject.labels is None or subject.namespace is None:
        raise TypeError(closed)
    policy = Said("deny", (closed.trail,))
    if grant is not None and grant.name is not None:
        policy = Said(grant.name.value, (*traced(grant), closed.trail))
    spec: dict[str, Tree] = {
        "podSelector": selector_tree(subject.labels) or Said({}, (subject.labels,)),
        "port": Said(_number(port.value), (port,)),
        "proxyProtocol": protocol.protocol,
        "accessPolicy": policy,
    }
    return Manifest(
        api_version=SERVER,
        kind="Server",
        namespace=subject.namespace.value,
        name=server_name(attachment),
        tree={"metadata": {"namespace": subject.namespace}, "spec": spec},
        purpose=(closed.trail,),
    )


def _number(port: object) -> int | str:
    if not isinstance(port, WorkloadPort):
        raise TypeError(port)
    return port.port


__all__ = [
    "KIND",
    "SERVER",
    "ServerKey",
    "is_policy",
    "key_of",
    "selector_tree",
    "server_name",
    "write_server",
]
