"""Truth tables: requests with their verdicts, written by hand from the documentation.

``fixtures/truth_format.md`` says what a ``truth.yaml`` holds. A case is decided by
``ir.behaviour.concrete`` on the model of the input (``before``) and on that of what is in force
after the translation (``after``).
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from ir.behaviour import request as wire
from ir.behaviour.concrete import decide_access, decide_route
from ir.behaviour.concrete_egress import decide_egress
from ir.behaviour.request import Answer, Decision, Delivery
from ir.model import Model


class _Strict(BaseModel):
    """Whatever is not named here is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Caller(_Strict):
    """Who asks; what is left out is as :class:`ir.behaviour.request.Caller` has it."""

    namespace: str = ""
    service_account: str = ""
    trust_domain: str = "cluster.local"
    labels: dict[str, str] = {}
    address: str = "10.1.0.1"
    mtls: bool = True
    probe: bool = False

    def on_the_wire(self) -> wire.Caller:
        """The caller as deciders know it; the node's agent shows no certificate."""
        return wire.Caller(
            namespace=self.namespace,
            service_account=self.service_account,
            trust_domain=self.trust_domain,
            labels=self.labels,
            address=self.address,
            mtls=self.mtls and not self.probe,
            probe=self.probe,
        )


class Request(_Strict):
    """What is asked, of a workload's port or of a service's."""

    caller: Caller = Caller()
    workload: str = ""
    service: str = ""
    listener: str = ""
    external: str = ""
    looked_up: str = ""
    port: int
    method: str = "GET"
    path: str = "/"
    authority: str = ""
    scheme: str = "http"
    headers: dict[str, str] = {}
    server_name: str = ""
    http: bool = True
    shows: wire.Shown = Field(default=wire.Shown.FITTING, strict=False)

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        named = (self.workload, self.service, self.listener, self.external)
        if [bool(name) for name in named].count(True) != 1:
            message = (
                "a request names either a workload, a service, a listener or an address outside"
            )
            raise ValueError(message)
        return self

    def on_the_wire(self, workload: str = "", port: int = 0) -> wire.Request:
        """The request as deciders know it, to ``workload`` where the service has led there."""
        return wire.Request(
            caller=self.caller.on_the_wire(),
            workload=workload or self.workload,
            port=port or (self.port if self.workload else 0),
            service=self.service,
            service_port=0 if self.workload else self.port,
            listener=self.listener,
            external=self.external,
            looked_up=self.looked_up,
            method=self.method,
            path=self.path,
            authority=self.authority,
            scheme=self.scheme,
            headers=self.headers,
            server_name=self.server_name,
            http=self.http,
            shows=self.shows,
        )


class Routing(_Strict):
    """Where a request goes. What is left out is not asked."""

    shares: dict[str, int] | None = None
    redirect: int | None = None
    answer: int | Literal["shut"] | None = None
    route: str | None = None
    timeout: float | Literal["none"] | None = None
    retries: int | Literal["none"] | None = None

    @field_validator("timeout", mode="before")
    @classmethod
    def _whole_seconds(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            message = "an expectation asks nothing"
            raise ValueError(message)
        return self


def _spelt_out(value: object) -> object:
    """``{shop/v1: 90, shop/v2: 10}`` is short for shares."""
    short = isinstance(value, dict) and value and not set(value) & set(Routing.model_fields)
    return {"shares": value} if short else value


Access = Literal["allowed", "refused", "not_found"]
Expected = Access | Routing
Mesh = Literal["istio", "linkerd", "cilium", "gateway-api"]


class Case(_Strict):
    """A request, its verdicts, and why they are right; without ``after`` nothing changes.

    ``after`` may be a map from targets to verdicts: for those that are not named nothing changes.
    """

    name: str
    request: Request
    before: Expected
    after: Expected | dict[Mesh, Expected] | None = None
    doc: Annotated[str, Field(min_length=1)]

    @field_validator("before", "after", mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, dict) and value and not set(value) - {*get_args(Mesh)}:
            return {mesh: _spelt_out(expected) for mesh, expected in value.items()}
        return _spelt_out(value)

    def expected_after(self, target: str) -> Expected:
        """The verdict once ``target`` (a mesh, with or without version) has taken over."""
        mesh = target.partition("@")[0]
        if isinstance(self.after, dict):
            return next((e for m, e in self.after.items() if m == mesh), self.before)
        return self.before if self.after is None else self.after


_CASES = TypeAdapter(tuple[Case, ...])


def load_truth(path: Path) -> tuple[Case, ...]:
    """The cases of one table, in its order.

    Raises:
        ValueError: a key or a value that the format does not know, or two cases of one name.
    """
    listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    cases = _CASES.validate_python(tuple(listed) if isinstance(listed, list) else listed)
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        message = f"{path}: two cases have one name"
        raise ValueError(message)
    return cases


def check(case: Case, before: Model, after: Model, target: str = "linkerd") -> None:
    """Decides the request on both sides; ``after`` is what ``target`` does.

    Raises:
        AssertionError: a side decides otherwise than the table says.
        Unsupported: a side cannot be decided.
    """
    _check(case, "before", case.before, before)
    _check(case, "after", case.expected_after(target), after)


def _check(case: Case, side: str, expected: Expected, model: Model) -> None:
    found = (
        _delivery(case.request, expected, model)
        if isinstance(expected, Routing)
        else _access(case.request, Answer(expected), model)
    )
    if found:
        message = f"{case.name}: {side}: {found}\n{case.doc}"
        raise AssertionError(message)


def _access(request: Request, expected: Answer, model: Model) -> str:
    """What is wrong with the verdict; every endpoint of a service must give the same."""
    if request.external:
        leaves = decide_egress(model, request.on_the_wire())
        told = f"it is {leaves.answer}, not {expected}, by {leaves.rule}: {leaves.why}"
        return "" if leaves.answer is expected else told
    requests = _requests(request, model)
    decisions: list[tuple[wire.Request, Decision]] = [
        (r, decide_access(model, r)) for r in requests
    ]
    wrong = [(r, d) for r, d in decisions if d.answer is not expected]
    if not decisions:
        return f"{request.service} has no endpoint on port {request.port}"
    return "; ".join(
        f"{r.workload}:{r.port} is {d.answer}, not {expected}, by {d.rule}: {d.why}"
        for r, d in wrong
    )


def _requests(request: Request, model: Model) -> list[wire.Request]:
    if request.workload:
        return [request.on_the_wire()]
    namespace, _, name = request.service.rpartition("/")
    service = model.inventory.service(namespace, name)
    ends = () if service is None else model.inventory.resolve(service, request.port)
    return [request.on_the_wire(workload.key, port) for workload, port in ends]


def _delivery(request: Request, expected: Routing, model: Model) -> str:
    """What is wrong with the delivery."""
    found = decide_route(model, request.on_the_wire())
    asked = {
        "shares": None if expected.shares is None else _ratios(expected.shares),
        "redirect": expected.redirect,
        "answer": expected.answer,
        "route": expected.route,
        "timeout": expected.timeout,
        "retries": expected.retries,
    }
    got = _told(found)
    wrong = [key for key, value in asked.items() if value is not None and value != got[key]]
    return "; ".join(f"{key} is {got[key]}, not {asked[key]}, by {found.route!r}" for key in wrong)


def _told(found: Delivery) -> dict[str, object]:
    """A delivery in the words of an expectation."""
    shares: dict[str, Fraction] = {}
    for share in found.shares:
        name = " ".join(_short(key) for key in share.endpoints)
        shares[name] = shares.get(name, Fraction(0)) + share.fraction
    answered = found.status if found.kind in {"answer", "not_found"} else None
    return {
        "shares": shares,
        "redirect": found.status if found.kind == "redirect" else None,
        "answer": "shut" if found.kind == "shut" else answered,
        "route": found.route,
        "timeout": "none" if found.timeout is None else found.timeout,
        "retries": "none" if found.retries is None else found.retries,
    }


def _ratios(shares: dict[str, int]) -> dict[str, Fraction]:
    """Weights as fractions of their sum; the endpoints of one share in any order."""
    total = sum(shares.values())
    return {
        " ".join(sorted(name.split())): Fraction(weight, total)
        for name, weight in shares.items()
        if weight
    }


def _short(key: str) -> str:
    """``namespace/name`` of a workload's key; other names stay."""
    return key.split("/", 1)[1] if key.count("/") > 1 else key
