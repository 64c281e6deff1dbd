"""Which workloads have a proxy: ``linkerd.io/inject`` on namespaces and pod templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.membership import Enrolment
from translator.api import Options
from translator.resources.kubernetes.enrolment import in_namespace, in_template
from translator.source.leaves import Resource

INJECT = {"linkerd.io/inject": {"enabled": True, "ingress": True, "disabled": False}}


def read_membership(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[Enrolment]:
    """One fact for each annotation; the pod's outranks its namespace's (linkerd2 pkg/inject/inject.go, 2.20)."""
    for resource in resources:
        yield from in_namespace(resource, "annotations", INJECT, reads)
        yield from in_template(resource, "annotations", INJECT, options.namespace, reads)
