"""Which workloads have a proxy: ``linkerd.io/inject`` on namespaces and pod templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.membership import Enrolment
from ir.provenance import Traced, trail
from translator.api import Options
from translator.importers.linkerd.keys import INJECT, WEBHOOKS
from translator.resources.kubernetes.enrolment import in_namespace, in_template
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource, leaf_ref

_WORDS = {INJECT: {"enabled": True, "ingress": True, "disabled": False}}


def read_membership(
    resources: Sequence[Resource], options: Options, reads: set[int]
) -> Iterator[Enrolment]:
    """One fact for each annotation; the pod's outranks its namespace's (linkerd2 pkg/inject/inject.go, 2.20).

    The injector is not asked about pods of a namespace that is exempt from webhooks (linkerd2
    charts/linkerd-control-plane ``proxyInjector.namespaceSelector``, 2.20), whatever is annotated there. A word that it
    does not know, ``true`` say, or a known one in capitals, keeps pods out; on a namespace all of them, those included
    that are annotated well (linkerd2 pkg/inject/report.go ``disabledByAnnotation``, 2.20).
    """
    exempt = _exempt(resources)
    for resource in resources:
        space = resource.namespace or options.namespace
        for one in in_namespace(resource, "annotations", _WORDS, reads):
            yield _kept_out(one, exempt.get(resource.name), reads)
        for one in in_template(resource, "annotations", _WORDS, options.namespace, reads):
            yield _kept_out(one, exempt.get(space), reads)


def _exempt(resources: Sequence[Resource]) -> dict[str, Traced[str]]:
    """The namespaces of which no pod is injected, with the label or the annotation that says so."""
    found: dict[str, Traced[str]] = {}
    for resource in resources:
        if resource.kind == "Namespace" and "/" not in resource.api_version:
            node = below(resource.node, "metadata", "labels", WEBHOOKS)
            word = below(resource.node, "metadata", "annotations", INJECT)
            if node is None or node.value != "disabled":
                known = word is None or not word.value or word.value in _WORDS[INJECT]
                node = None if known else word
            if node is not None and node.leaf >= 0:
                leaf = leaf_ref(resource.document.number, node.leaf)
                found[resource.name] = Traced(str(node.value), (leaf,))
    return found


def _kept_out(one: Enrolment, exempt: Traced[str] | None, reads: set[int]) -> Enrolment:
    """What an annotation comes to where no webhook looks at it; it leaves its object as before."""
    if exempt is None or not one.enrolled.value:
        return one
    reads.update(exempt.origin)
    because = tuple(sorted({*one.enrolled.because, *exempt.origin}))
    word = () if exempt.value == "disabled" else exempt.origin  # a label stays, a word goes
    return replace(
        one,
        enrolled=Traced(False, tuple(sorted({*one.enrolled.origin, *word})), because),
        trail=trail(one.trail.value, because=because),
    )
