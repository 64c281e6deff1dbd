"""Ways out of Istio and of Linkerd for tests of the exporter to Cilium, and what they come to."""

from __future__ import annotations

from typing import Any

from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.lower import Lowering
from ir.behaviour.request import Caller, Request
from ir.model import Model
from tests.exporters.cilium.istio import to_cilium
from tests.traps.test_egress import MESH, resource, text
from translator import pipeline
from translator.after import as_source, in_force
from translator.pipeline import Result
from translator.registry import load_importer
from translator.report.model import Finding
from translator.source.load import load_text
from translator.verify.egress import EgressComparison
from translator.verify.result import Slice

OUTSIDE = "203.0.113.7"


def entry(*hosts: str, port: int = 443, protocol: str = "TLS", name: str = "x", **more: Any) -> str:
    """A ServiceEntry with one port."""
    ports = [{"number": port, "name": "p", "protocol": protocol}]
    spec = {"hosts": [*hosts], "ports": ports, "resolution": "DNS", **more}
    return resource("ServiceEntry", spec, name=name)


def limited(*documents: str, version: str = "1.20", **settings: object) -> tuple[str, Result]:
    """A mesh that lets out what is declared: the text, and its translation."""
    whole = text(MESH, *documents)
    return whole, to_cilium(whole, version, **settings)


def from_linkerd(whole: str) -> tuple[str, Result]:
    """Linkerd to Cilium."""
    options = pipeline.options_of(load_text(""), "linkerd", "cilium@1.20", {})
    return whole, pipeline.translate_loaded(load_text(whole), options)


def rules(result: Result, name: str = "egress") -> list[dict[str, Any]]:
    """The items of egress of the policies of that name."""
    return [
        item
        for document in result.documents
        if document.resource.startswith("Cilium") and document.resource.endswith(f"/{name}")
        for item in document.value["spec"]["egress"]  # type: ignore[index]
    ]


def outward(result: Result, name: str = "egress") -> list[dict[str, Any]]:
    """The items that lead out of the cluster over TCP."""
    peers = ("toFQDNs", "toCIDRSet")
    return [
        item
        for item in rules(result, name)
        if any(key in item for key in peers) or item.get("toEntities") == ["world"]
    ]


def after(whole: str, result: Result) -> Model:
    """What the target makes of the input and the outputs together."""
    there = in_force(load_text(whole), result, result.options)
    return load_importer("cilium")(there.resources, as_source(result.options)).model


def leaves(of: tuple[str, Result], namespace: str = "shop", **more: Any) -> tuple[bool, bool]:
    """Whether a request leaves, before and after."""
    whole, result = of
    caller = Caller(namespace=namespace, labels=more.pop("labels", {"app": "api"}))
    given = {"external": OUTSIDE, "service_port": 443, "http": False, **more}
    request = Request(caller=caller, **given)
    before = decide_egress(result.model, request).allowed
    return before, decide_egress(after(whole, result), request).allowed


def compared(before: Model, later: Model) -> list[Slice]:
    """The slices of what leaves; a disagreement with the naive decider is raised."""
    sides = Lowering(before), Lowering(later)
    return [*EgressComparison(before, later, sides, strict=True).slices()]


def told(result: Result, code: str) -> list[Finding]:
    """The findings of a code."""
    return [f for f in result.report.findings if f.code == code]


def changes(result: Result) -> set[tuple[str, tuple[str, ...]]]:
    """The changes of what leaves, each with the findings that explain it."""
    return {
        (str(change["kind"]), tuple(change["explained_by"]))  # type: ignore[arg-type]  # a list of codes
        for change in result.report.verification.changes
        if str(change["slice"]).startswith("what leaves")
    }


__all__ = [
    "MESH",
    "OUTSIDE",
    "after",
    "changes",
    "compared",
    "entry",
    "from_linkerd",
    "leaves",
    "limited",
    "outward",
    "resource",
    "rules",
    "text",
    "told",
]
