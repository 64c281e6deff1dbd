"""Which workloads have a proxy: labels and annotations on namespaces and pod templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.membership import Enrolment
from translator.api import Options
from translator.resources.kubernetes.enrolment import in_namespace, in_template
from translator.source.leaves import Resource

NAMESPACE_LABELS = {"istio-injection": {"enabled": True, "disabled": False}}
"""Labels of a namespace that decide for all its pods."""

POD_KEYS = {"sidecar.istio.io/inject": {"true": True, "false": False}}
"""Labels (and, older, annotations) of a pod that decide for it; the label wins."""

AMBIENT = {"istio.io/dataplane-mode": {"ambient": True, "none": False}}


def read_membership(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[Enrolment]:
    """One fact for each label or annotation that enrols or keeps out.

    istio/istio pkg/kube/inject/inject.go, 1.31: the namespace's label, else the pod's.
    """
    for resource in resources:
        yield from in_namespace(resource, "labels", {**NAMESPACE_LABELS, **AMBIENT}, reads)
        for field in ("labels", "annotations"):
            words = {**POD_KEYS, **AMBIENT}
            yield from in_template(resource, field, words, options.namespace, reads)
