"""Who writes an object, by the marks that tools leave on what they write: it is changed there, or the change is undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from translator.resources.kubernetes.read import below
from translator.source.leaves import Node, Resource


@dataclass(frozen=True, slots=True)
class Generator:
    """Something that writes objects, the marks that it leaves on them, and where they are changed.

    ``owners``: API groups of owners; ``keys``: labels and annotations, those that end in ``/`` as prefixes;
    ``words``: labels with the value that counts.
    """

    name: str
    where: str
    doc: str
    owners: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()


GENERATORS = (
    Generator(
        "Flagger",
        "its Canary: set spec.provider (and -mesh-provider of Flagger itself) to that of the target; "
        "Flagger then writes the routes of the target and removes its own.",
        "https://docs.flagger.app/usage/how-it-works",
        owners=("flagger.app",),
        words=(("app.kubernetes.io/managed-by", "flagger"),),
    ),
    Generator(
        "Argo Rollouts",
        "its Rollout: spec.strategy.canary.trafficRouting names the mesh and the routes whose weights it moves.",
        "https://argo-rollouts.readthedocs.io/en/stable/features/traffic-management/",
        owners=("argoproj.io",),
        keys=("argo-rollouts.argoproj.io/managed-by-rollouts", "rollouts-pod-template-hash"),
    ),
    Generator(
        "Knative",
        "the ConfigMap config-network of knative-serving (ingress-class), with the networking layer of the target.",
        "https://knative.dev/docs/install/yaml-install/serving/install-serving-with-yaml/",
        owners=("serving.knative.dev", "networking.internal.knative.dev"),
        keys=(
            "serving.knative.dev/",
            "networking.internal.knative.dev/",
            "networking.knative.dev/",
        ),
    ),
    Generator(
        "KServe",
        "the ConfigMap inferenceservice-config (its part ingress), and the InferenceService.",
        "https://kserve.github.io/website/docs/admin-guide/overview",
        owners=("serving.kserve.io",),
        keys=("serving.kserve.io/",),
    ),
    Generator(
        "Kiali",
        "Kiali's wizard, which made it: once it is removed there, write what the target needs by hand.",
        "https://kiali.io/docs/features/wizards/",
        keys=("kiali_wizard",),
    ),
    Generator(
        "the gateway controller",
        "the Gateway that it was made from: the controller makes Deployment and Service anew.",
        "https://gateway-api.sigs.k8s.io/geps/gep-1762/",
        owners=("gateway.networking.k8s.io",),
        keys=("gateway.networking.k8s.io/gateway-name", "gateway.istio.io/managed"),
    ),
    Generator(
        "Istio's operator",
        "the IstioOperator or the Helm values of the installation.",
        "https://istio.io/latest/docs/setup/install/istioctl/",
        keys=("install.operator.istio.io/",),
    ),
    Generator(
        "Helm",
        "the values or the templates of its chart, then helm upgrade.",
        "https://helm.sh/docs/chart_best_practices/labels/",
        keys=("meta.helm.sh/release-name", "helm.sh/chart"),
        words=(("app.kubernetes.io/managed-by", "Helm"),),
    ),
    Generator(
        "Argo CD",
        "the repository that its Application takes it from.",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/",
        keys=("argocd.argoproj.io/",),
    ),
    Generator(
        "Flux",
        "the repository that its Kustomization or HelmRelease takes it from.",
        "https://fluxcd.io/flux/faq/",
        keys=("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"),
    ),
    Generator(
        "an operator of OLM",
        "the object that the operator reads, or its Subscription.",
        "https://olm.operatorframework.io/docs/",
        keys=("operators.coreos.com/", "olm.owner"),
    ),
)
"""Those that are known, the more particular first: what Flagger made of a chart is changed at Flagger's object.

The marks are those that their own documentation (``doc``) and sources name.
"""

_OWN_KINDS = ("ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Node")
"""Owners that are Kubernetes' own: they are in the input themselves, or are nobody's generator."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Who writes an object: a tool, or the object that owns it (``said``), and where it is changed."""

    name: str
    said: str
    where: str
    doc: str = ""


TOOLS = {one.name: Maker(one.name, one.name, one.where, one.doc) for one in GENERATORS}
"""The tools that are known, by name."""


def maker_of(resource: Resource) -> Maker | None:
    """Who writes an object; ``None`` where nothing says that anybody does."""
    metadata = below(resource.node, "metadata")
    words = {**_words(metadata, "annotations"), **_words(metadata, "labels")}
    owners = list(_owners(metadata))
    groups = {group for group, _, _ in owners}
    for one in GENERATORS:
        if any(_within(group, own) for group in groups for own in one.owners) or _marked(
            one, words
        ):
            return TOOLS[one.name]
    for _, kind, name in owners:
        if kind not in _OWN_KINDS:
            said = f"{kind} {name}".strip()
            return Maker(f"the operator of {kind}", said, f"{said}, which owns it.")
    return None


def owner_of(resource: Resource) -> str:
    """The first object that owns this one, a ReplicaSet say: ``Kind name``, or nothing."""
    found = next(_owners(below(resource.node, "metadata")), None)
    return "" if found is None else f"{found[1]} {found[2]}".strip()


def _marked(one: Generator, words: Mapping[str, str]) -> bool:
    if any(words.get(key) == value for key, value in one.words):
        return True
    return any(
        word.startswith(key) if key.endswith("/") else word == key
        for key in one.keys
        for word in words
    )


def _within(group: str, own: str) -> bool:
    return group == own or group.endswith(f".{own}")


def _owners(metadata: Node | None) -> Iterator[tuple[str, str, str]]:
    """API group, kind and name of each owner."""
    listed = below(metadata, "ownerReferences")
    for owner in listed.value if listed is not None and isinstance(listed.value, list) else ():
        group = _word(below(owner, "apiVersion")).rpartition("/")[0]
        yield group, _word(below(owner, "kind")), _word(below(owner, "name"))


def _words(metadata: Node | None, field: str) -> dict[str, str]:
    found = below(metadata, field)
    if found is None or not isinstance(found.value, dict):
        return {}
    return {key: _word(node) for key, node in found.value.items()}


def _word(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""
