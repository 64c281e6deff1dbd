"""Cross-origin answers in fields of ``corsPolicy``: methods by their names, whole seconds.

istio/istio pkg/config/validation/validation.go ``validateCORSPolicy`` and pilot/pkg/networking/core/route/route.go
``TranslateCORSPolicy``, 1.31: a method is one of the nine, an age has whole seconds, an origin is exact, a prefix or an expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ir.match import Pattern, PatternKind
from ir.provenance import Traced
from ir.traffic import CrossOrigin
from ir.walk import traced
from translator.api import Loss
from translator.report.model import Fate, Impact, Severity, Support

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_KINDS = (PatternKind.EXACT, PatternKind.PREFIX, PatternKind.REGEX, PatternKind.GLOB)
_ANY = "*"


def in_cors_words(policy: CrossOrigin | None, losses: list[Loss]) -> CrossOrigin | None:
    """The rules that can be said; none where no origin can, as without origins nobody gets permission."""
    if policy is None:
        return None
    origins = tuple(one for one in policy.origins if _fits(one.value))
    unsaid = [one for one in policy.origins if not _fits(one.value)]
    if unsaid and not origins:
        losses.append(
            _lost(
                tuple(traced(policy)),
                "no origin of the cross-origin rules can be said: they are left out",
            )
        )
        return None
    if unsaid:
        words = ", ".join(one.value.text for one in unsaid)
        losses.append(
            _lost(
                tuple(unsaid),
                f"{words} cannot be said in cross-origin rules: it is allowed no more",
            )
        )
    if policy.credentials is not None and policy.credentials.value:
        losses.extend(_literal(policy))
    return replace(
        policy,
        origins=origins,
        methods=tuple(_methods(policy, losses)),
        max_age=_age(policy.max_age, losses),
    )


def _fits(one: Pattern) -> bool:
    return one.kind in _KINDS and not one.ignore_case


def _methods(policy: CrossOrigin, losses: list[Loss]) -> Iterator[Traced[str]]:
    """The methods; all nine in the place of a star, which is no method here."""
    stars = [one for one in policy.methods if one.value == _ANY]
    others = [one for one in policy.methods if one.value not in (_ANY, *_METHODS)]
    if others:
        words = ", ".join(one.value for one in others)
        losses.append(_lost(tuple(others), f"the method {words} is allowed no more"))
    if not stars:
        yield from (one for one in policy.methods if one.value in _METHODS)
        return
    losses.append(
        replace(
            _lost((stars[0],), "all methods are the nine that have a name in HTTP"),
            severity=Severity.INFO,
            fate=Fate.APPROXIMATED,
        )
    )
    yield from (stars[0].derive(word, *policy.methods) for word in _METHODS)


def _literal(policy: CrossOrigin) -> Iterator[Loss]:
    """A star is sent as it stands, and is a name like others to browsers that send credentials (fetch.spec.whatwg.org, CORS)."""
    stars = tuple(one for one in (*policy.headers, *policy.exposed) if one.value == _ANY)
    if stars:
        yield replace(
            _lost(
                stars,
                "browsers take * for the name of a header where credentials are allowed: no other header is",
            ),
            severity=Severity.MEDIUM,
            fate=Fate.APPROXIMATED,
            advice="Name the headers.",
        )


def _age(age: Traced[float] | None, losses: list[Loss]) -> Traced[float] | None:
    if age is None or age.value == int(age.value):
        return age
    whole = int(age.value)
    losses.append(
        replace(
            _lost((age,), f"browsers keep the answer for {whole} s, the nearest that can be said"),
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
        )
    )
    return age.derive(float(whole))


def _lost(sites: tuple[Traced[object], ...], message: str) -> Loss:
    return Loss(
        code="MM212",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=sites,
        message=f"{message}.",
        advice="Answer cross-origin requests in the application.",
    )
