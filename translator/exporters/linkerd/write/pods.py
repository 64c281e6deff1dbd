"""Annotations on namespaces and pod templates: what holds for a pod as a whole. They take effect when pods are made."""

from __future__ import annotations

from ir.access import Closed, PeerMtls
from ir.attachment import Scope
from ir.membership import Enrolment
from translator.api import Edit, Said
from translator.resources.kubernetes.read import template_path

DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy"
INJECT = "linkerd.io/inject"


def default_policy(fact: Closed | PeerMtls) -> Edit:
    """What holds on the ports that no Server names: nothing comes in, or only callers with a certificate."""
    name = fact.attachment.subject.name
    if name is None:
        raise TypeError(fact)
    if isinstance(fact, Closed):
        said = Said("deny", (fact.trail,))
    else:
        said = Said("all-authenticated", (fact.mode, fact.trail))
    space = fact.attachment.subject
    by = tuple(v for v in (*said.by, space.namespace, space.labels, name) if v is not None)
    kind = name.value.partition("/")[0]
    path = (*template_path(kind), "metadata", "annotations", DEFAULT_POLICY)
    return Edit(resource=name.value, put=((path, Said(said.value, by)),))


def enrolment(fact: Enrolment) -> Edit:
    """The injection of the target's proxy instead of the source's; the source's word goes in the same edit."""
    word = "enabled" if fact.enrolled.value else "disabled"
    kind = fact.object.partition("/")[0]
    below = () if fact.subject.scope is Scope.NAMESPACE else template_path(kind)
    path = (*below, "metadata", "annotations", INJECT)
    return Edit(
        resource=fact.object,
        put=((path, fact.enrolled.derive(word)),),
        leave=(fact.enrolled,),
    )
