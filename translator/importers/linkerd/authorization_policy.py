"""``policy.linkerd.io`` AuthorizationPolicy: who may come to a Server, a route or a whole namespace.

linkerd2 policy-controller/k8s/api/src/policy/authorization_policy.rs, 2.20.
"""

from __future__ import annotations

from ir.provenance import absorb, trail
from translator.importers.linkerd.model import AuthorizationPolicy, Reference
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

CORE = ("", "core")


def read_authorization_policy(root: Cursor, meta: Meta) -> AuthorizationPolicy:
    """The policy as written. Its target is always in its own namespace.

    Raises:
        InputError: ``targetRef`` or ``requiredAuthenticationRefs`` is missing or of the wrong type.
    """
    spec = root.map("spec")
    required = spec.at("requiredAuthenticationRefs")
    return AuthorizationPolicy(
        meta=meta,
        target=read_reference(spec.map("targetRef"), meta),
        required=tuple(read_reference(item, meta) for item in required.items()),
        trail=absorb(meta.fact("AuthorizationPolicy"), required.here),
    )


def read_reference(item: Cursor, meta: Meta) -> Reference:
    """A reference as the policies of the mesh write it; without a namespace it is one to their own."""
    group, kind = item.opt_str("group"), item.str("kind")
    name, namespace = item.str("name"), item.opt_str("namespace")
    spent = [value for value in (group, kind, name, namespace) if value is not None]
    return Reference(
        group="" if group is None or group.value in CORE else group.value,
        kind=kind.value,
        namespace=meta.namespace if namespace is None else namespace,
        name=name,
        trail=absorb(trail("reference"), *spent),
    )
