"""What a rule leaves out and holds all the same, with the name of the default.

istio/istio pilot/pkg/networking/core/route/{route.go,retry/retry.go}, 1.31; outlier detection:
istio/api networking/v1alpha3/destination_rule.proto, 1.31.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from ir.access import ClientTls
from ir.provenance import Traced, silent
from ir.resilience import Outliers, Retry, RetryBudget
from ir.traffic import Redirect, Route
from translator.api import Options
from translator.importers.istio.defaults import NO_503_SINCE, silence

T = TypeVar("T")

_RULE = "VirtualService.spec.http[]"
_POLICY = "DestinationRule.spec.trafficPolicy"
_OUTLIERS = f"{_POLICY}.outlierDetection"
_RULE_DOC = "reference/config/networking/virtual-service/"
_RULES_DOC = "reference/config/networking/destination-rule/"
_OUTLIERS_DOC = f"{_RULES_DOC}#OutlierDetection"
_MOVED_PERMANENTLY = 301
_LONGEST_OUT = 300.0
"""Seconds: ``max_ejection_time`` of the proxy, or the base where that is longer (Envoy outlier_detection.proto)."""


def said(route: Route, options: Options) -> Route:
    """The route with the defaults of its retries and of its redirect named."""
    retry = None if route.retry is None else _retry(route.retry, options)
    redirect = None if route.redirect is None else _redirect(route.redirect, options)
    return replace(route, retry=retry, redirect=redirect)


def _retry(retry: Retry, options: Options) -> Retry:
    conditions = tuple(
        _named(condition, options, f"{_RULE}.retries.retryOn") for condition in retry.conditions
    )
    attempts = _named(retry.attempts, options, f"{_RULE}.retries.attempts")
    statuses = retry.statuses
    silent_on = conditions and not any(condition.origin for condition in conditions)
    if silent_on and not statuses and not options.source.at_least(NO_503_SINCE):
        statuses = (_named(Traced(503), options, f"{_RULE}.retries.retryOn"),)
    return replace(retry, attempts=attempts, conditions=conditions, statuses=statuses)


def _redirect(redirect: Redirect, options: Options) -> Redirect:
    status = redirect.status or Traced(_MOVED_PERMANENTLY)
    return replace(redirect, status=_named(status, options, f"{_RULE}.redirect.redirectCode"))


def _named(value: Traced[T], options: Options, field: str) -> Traced[T]:
    """A value that is not written stands for the default of ``field``."""
    return value if value.origin else silent(value.value, silence(options, field, _RULE_DOC))


def outliers_said(outliers: Outliers, options: Options) -> Outliers:
    """A block that is there is on: 5 errors in a row, looked at every 10 s, out for 30 s at first, 10 %.

    Connections that fail and are told apart are 5 too, also where their number is 0.
    """

    def default(value: Traced[T] | None, field: str, usual: T) -> Traced[T]:
        what = silence(options, f"{_OUTLIERS}.{field}", _OUTLIERS_DOC)
        return silent(usual, what) if value is None else value

    local = outliers.consecutive_local_errors
    if local is not None:
        word = "consecutiveLocalOriginFailures"
        local = default(local if local.value else None, word, 5)
    ejection_time = default(outliers.ejection_time, "baseEjectionTime", 30.0)
    longest = max(_LONGEST_OUT, ejection_time.value)
    return replace(
        outliers,
        consecutive_errors=default(outliers.consecutive_errors, "consecutive5xxErrors", 5),
        consecutive_local_errors=local,
        interval=default(outliers.interval, "interval", 10.0),
        ejection_time=ejection_time,
        longest_ejection=silent(longest, silence(options, _OUTLIERS, _OUTLIERS_DOC)),
        max_ejection_percent=default(outliers.max_ejection_percent, "maxEjectionPercent", 10),
    )


def tls_said(tls: ClientTls, options: Options) -> ClientTls:
    """A block without a mode means clear text: the zero value of the enumeration."""
    what = silence(options, f"{_POLICY}.tls.mode", f"{_RULES_DOC}#ClientTLSSettings-TLSmode")
    return replace(tls, mode=tls.mode if tls.mode.origin else silent(tls.mode.value, what))


def budget_said(budget: RetryBudget, options: Options) -> RetryBudget:
    """A block that is there: 20 percent of the requests under way, but always 3."""

    def default(value: Traced[T] | None, field: str, usual: T) -> Traced[T]:
        what = silence(options, f"{_POLICY}.retryBudget.{field}", _RULES_DOC)
        return silent(usual, what) if value is None else value

    return replace(
        budget,
        percent=default(budget.percent, "percent", 20.0),
        at_least=default(budget.at_least, "minRetryConcurrency", 3),
    )
