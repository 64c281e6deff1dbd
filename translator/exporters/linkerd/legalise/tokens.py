"""Checks of tokens, which the target does not make.

A request with a bad token is refused by the source and would pass. Only where nobody is let in at all, since what would
let in asks for a token and was left out, does the loss of the check let nothing through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.access import Closed, Grant, GuardedRoutes, TokenCheck
from ir.attachment import Scope
from ir.coverage import covers
from ir.inventory import Workload
from ir.model import Fact, Model
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Impact, Severity, Support

_ADVICE = "Check tokens in the application or in an ingress in front of it, and only then move."


def lose_tokens(checks: Sequence[TokenCheck], legal: Model) -> Iterator[Loss]:
    """The loss of each check, by what the legal model lets in at its workloads."""
    for check in checks:
        workloads = [
            w
            for w in legal.inventory.workloads
            if covers(check.attachment.subject, w, legal.inventory)
        ]
        harmless = bool(workloads) and not any(lets_in(legal.facts, w) for w in workloads)
        yield _loss(check, harmless=harmless)


def _loss(check: TokenCheck, *, harmless: bool) -> Loss:
    told = (
        " Headers with claims are no longer written, nor are those that a caller makes up taken out."
        if check.told
        else ""
    )
    return Loss(
        code="MM406",
        impact=Impact.NONE if harmless else Impact.LOOSER,
        support=Support.NEVER,
        severity=Severity.LOW if harmless else None,
        sites=tuple(traced(check)),
        message=(
            "tokens are not looked at; nobody is let in there, so that no request with a bad token passes."
            if harmless
            else f"tokens are not looked at: requests with a bad token would pass.{told}"
        ),
        advice=_ADVICE,
    )


def lets_in(facts: Sequence[Fact], workload: Workload) -> bool:
    """Whether facts in legal form let any request reach the workload."""
    mine = [f for f in facts if isinstance(f, (Closed, Grant, GuardedRoutes)) and _of(f, workload)]
    if not any(isinstance(f, Closed) and not f.attachment.ports for f in mine):
        return True
    return any(
        isinstance(f, Grant)
        or (isinstance(f, GuardedRoutes) and any(route.admissions for route in f.routes))
        for f in mine
    )


def _of(fact: Closed | Grant | GuardedRoutes, workload: Workload) -> bool:
    subject = fact.attachment.subject
    if subject.scope is Scope.NAMESPACE:
        return subject.namespace is not None and subject.namespace.value == workload.namespace
    return subject.name is not None and subject.name.value == workload.key
