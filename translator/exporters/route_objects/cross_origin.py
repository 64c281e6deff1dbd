"""Cross-origin answers in the words of the CORS filter: origins exact or with a wildcard, whole seconds.

sigs.k8s.io/gateway-api apis/v1/httproute_types.go ``HTTPCORSFilter``, 1.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ir.match import Pattern, PatternKind
from ir.provenance import Traced, derived
from ir.traffic import CrossOrigin, Route
from ir.walk import traced
from translator.api import Loss
from translator.exporters.routes.languages import METHODS
from translator.report.model import Fate, Impact, Severity, Support

T = TypeVar("T")
_ORIGIN = re.compile(
    r"\*|[a-zA-Z][a-zA-Z0-9+.-]*://(\*|(\*\.)?[a-zA-Z0-9.-]*[a-zA-Z0-9])(:([0-9]{1,5}|\*))?\Z"
)
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}\Z")
_MOST = 64
_DEFAULT_AGE = 5


def in_words(route: Route, losses: list[Loss], *, any_origin: bool) -> Route:
    """The route with the cross-origin rules that can be said; none where no origin can.

    ``any_origin``: whether a star alone is one.
    """
    policy = route.cross_origin
    if policy is None:
        return route
    said = replace(
        policy,
        origins=_kept(
            policy.origins,
            lambda one: _is_origin(one) and (any_origin or _text(one) != "*"),
            losses,
        ),
        methods=_kept(policy.methods, _is_method, losses),
        headers=_kept(policy.headers, _is_name, losses),
        exposed=_kept(policy.exposed, _is_name, losses),
        credentials=policy.credentials if policy.credentials and policy.credentials.value else None,
        max_age=_age(policy, losses),
    )
    if policy.credentials is not None and not policy.credentials.value:
        said = replace(said, trail=derived(said.trail.value, (said.trail, policy.credentials)))
    if policy.origins and not said.origins:
        losses.append(_lost(tuple(traced(said)), "no origin of the cross-origin rules can be said: "
                            "they are left out, and browsers get no permission."))  # fmt: skip
        return replace(route, cross_origin=None)
    return replace(route, cross_origin=said)


def _is_origin(one: object) -> bool:
    return (
        isinstance(one, Pattern)
        and one.kind in (PatternKind.EXACT, PatternKind.GLOB)
        and not one.ignore_case
        and bool(_ORIGIN.match(one.text))
    )


def _is_method(one: object) -> bool:
    return one in (*METHODS, "*")


def _is_name(one: object) -> bool:
    return isinstance(one, str) and bool(_NAME.match(one))


def _kept(
    values: tuple[Traced[T], ...], fits: Callable[[object], bool], losses: list[Loss]
) -> tuple[Traced[T], ...]:
    """The values that can be said; a star stands for all others."""
    every = [one for one in values if fits(one.value)]
    star = [one for one in every if _text(one.value) == "*"]
    kept = star[:1] or every[:_MOST]
    unsaid = tuple(one for one in values if not fits(one.value)) + tuple(every[_MOST:])
    if unsaid:
        words = ", ".join(_text(one.value) for one in unsaid)
        losses.append(
            _lost(unsaid, f"{words} cannot be said in cross-origin rules: it is allowed no more.")
        )
    if star:
        rest = [one for one in every if one is not star[0]]
        kept = [derived(star[0].value, (star[0], *rest))]
    return tuple(kept)


def _text(one: object) -> str:
    return one.text if isinstance(one, Pattern) else str(one)


def _age(policy: CrossOrigin, losses: list[Loss]) -> Traced[float] | None:
    age = policy.max_age
    if age is None:
        losses.append(
            _nearly(
                (policy.trail,),
                f"browsers keep the answer for {_DEFAULT_AGE} s, where the source does not say how long.",
            )
        )
        return None
    if age.value >= 1 and age.value == int(age.value):
        return age
    whole = max(1, int(age.value))
    losses.append(
        _nearly((age,), f"browsers keep the answer for {whole} s, the nearest that can be said.")
    )
    return age.derive(float(whole))


def _lost(sites: tuple[Traced[object], ...], message: str) -> Loss:
    return Loss(
        code="MM212",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=sites,
        message=message,
        advice="Answer cross-origin requests in the application, or with a policy of what implements the routes.",
    )


def _nearly(sites: tuple[Traced[object], ...], message: str) -> Loss:
    return replace(_lost(sites, message), severity=Severity.LOW, fate=Fate.APPROXIMATED, advice="")
