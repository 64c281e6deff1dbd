"""The servers that a policy is for: its selector, its namespace, or the whole mesh from the root namespace."""

from __future__ import annotations

from ir.attachment import Scope, Subject
from ir.match import Labels
from ir.provenance import Traced, trail
from translator.api import Options
from translator.resources.kubernetes.metadata import Meta


def subject_of(meta: Meta, selector: Traced[Labels] | None, options: Options) -> Subject:
    """The subject of an AuthorizationPolicy: a selector in the root namespace holds in every namespace.

    istio/istio pilot/pkg/model/authorization.go, 1.31.
    """
    node = trail(f"subject of {meta.key}", because=meta.because)
    root = meta.namespace.value == options.root_namespace
    if selector is not None:
        where = None if root else meta.namespace
        return Subject(scope=Scope.WORKLOADS, namespace=where, labels=selector, trail=node)
    if root:
        return Subject(scope=Scope.MESH, trail=node)
    return Subject(scope=Scope.NAMESPACE, namespace=meta.namespace, trail=node)
