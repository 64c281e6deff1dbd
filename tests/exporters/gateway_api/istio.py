"""Istio manifests translated to Gateway API in tests; what is written keeps every rule of its schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.exporters.gateway_api.cel import broken
from tests.exporters.linkerd import istio
from tests.exporters.linkerd.istio import WORKLOAD, policy, spec_of, written
from translator import pipeline
from translator.pipeline import Result
from translator.report.model import Finding
from translator.source.load import load_text

__all__ = ["WORKLOAD", "policy", "spec_of", "written"]


def routes(http: Sequence[object], name: str = "api") -> str:
    """A VirtualService for the workload's service."""
    return istio.routes(list(http), name)


def translated(*documents: str, version: str = "1.6", **settings: object) -> Result:
    """The workload with these documents, to a version (and channel) of Gateway API."""
    text = "\n---\n".join((WORKLOAD, *documents))
    options = pipeline.options_of(load_text(""), "istio", f"gateway-api@{version}", settings)
    result = pipeline.translate_loaded(load_text(text), options)
    for document in result.documents:
        if "gateway.networking" in document.api_version:
            assert broken(document.value) == [], document.text
    return result


def rules_of(result: Result, kind: str = "HTTPRoute") -> list[dict[str, Any]]:
    """The rules of all routes of a kind, in the order in which they are written."""
    return [rule for route in written(result, kind) for rule in spec_of(route)["rules"]]


def found(result: Result, code: str) -> list[Finding]:
    """The findings of a code."""
    return [finding for finding in result.report.findings if finding.code == code]
