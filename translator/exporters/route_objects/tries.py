"""The time of one try, which is said of retries and goes with them where an edition has none."""

from __future__ import annotations

from dataclasses import replace

from ir.model import Model
from ir.traffic import Route, RouteTable
from translator.api import Loss
from translator.exporters.route_objects.edition import Edition
from translator.report.model import Impact, Severity, Support


def without_lone_tries(model: Model, edition: Edition) -> tuple[Model, tuple[Loss, ...]]:
    """The model without times of one try where there are no retries to say them of."""
    if edition.retries:
        return model, ()
    losses: list[Loss] = []
    facts = tuple(
        replace(
            fact,
            routes=tuple(_route(route, edition.retries_since, losses) for route in fact.routes),
        )
        if isinstance(fact, RouteTable)
        else fact
        for fact in model.facts
    )
    return replace(model, facts=facts), tuple(losses)


def _route(route: Route, since: str, losses: list[Loss]) -> Route:
    retry = route.retry
    if retry is None or retry.per_try_timeout is None:
        return route
    losses.append(
        Loss(
            code="MM303",
            impact=Impact.DIFFERENT,
            support=Support.VERSION,
            severity=Severity.MEDIUM,
            sites=(retry.per_try_timeout,),
            message="a time limit for one try is left out with the retries: without them it would be one for the whole "
            "request.",
            advice=since,
        )
    )
    return replace(route, retry=replace(retry, per_try_timeout=None))
