"""Istio manifests for tests of the exporter to Cilium, and what they come to."""

from __future__ import annotations

from typing import Any

from tests.exporters.linkerd.istio import WORKLOAD, policy
from translator import pipeline
from translator.pipeline import Result
from translator.source.load import load_text

__all__ = ["WORKLOAD", "policies", "policy", "spec", "strict", "to_cilium", "translated"]


def to_cilium(text: str, version: str = "1.20", **settings: object) -> Result:
    """Istio to Cilium."""
    options = pipeline.options_of(load_text(""), "istio", f"cilium@{version}", settings)
    return pipeline.translate_loaded(load_text(text), options)


def translated(*documents: str, **settings: object) -> Result:
    """A workload with these documents."""
    return to_cilium("\n---\n".join((WORKLOAD, *documents)), **settings)  # type: ignore[arg-type]  # no version among them


def policies(result: Result) -> dict[str, dict[str, Any]]:
    """The specs of the policies by name."""
    found = (d.value for d in result.documents if d.resource.startswith("Cilium"))
    return {document["metadata"]["name"]: document["spec"] for document in found}  # type: ignore[index, misc]


def spec(result: Result) -> dict[str, Any]:
    """The spec of the only policy."""
    ((_, found),) = policies(result).items()
    return found


def strict(namespace: str = "shop") -> str:
    """MTLS demanded in a namespace."""
    return (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
        f"metadata: {{name: default, namespace: {namespace}}}\nspec: {{mtls: {{mode: STRICT}}}}\n"
    )
