"""``linkerd.io`` ServiceProfile: the rules of a service in list order, for versions without retries in routes.

linkerd2 controller/gen/apis/serviceprofile/v1alpha2/types.go, 2.15. A path is an expression that is anchored at both
ends without a group around it (linkerd2-proxy linkerd/service-profiles/src/proto.rs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ir.match import Part, Pattern, PatternKind, Test
from ir.provenance import Traced, derived
from ir.resilience import Retry, RetryCondition
from ir.traffic import Route, RouteMatch, RouteTable
from translator.api import Manifest, Options, Said, Tree
from translator.resources.gateway_api.write import duration

API = "linkerd.io/v1alpha2"
_SERVER = (500, 599)
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#]")


def write_profile(table: RouteTable, options: Options) -> Manifest:
    """The profile of a table, by the full name of its service."""
    subject = table.attachment.subject
    if subject.namespace is None or subject.name is None:
        raise TypeError(table)
    home = subject.namespace
    name = f"{subject.name.value}.{home.value}.svc.{options.cluster_domain}"
    return Manifest(
        api_version=API,
        kind="ServiceProfile",
        namespace=home.value,
        name=name,
        tree={
            "metadata": {"name": derived(name, (subject.name, home)), "namespace": home},
            "spec": {"routes": [_route(route) for route in table.routes]},
        },
        purpose=(table.trail, subject.name),
    )


def _route(route: Route) -> dict[str, Tree]:
    if route.name is None:
        raise TypeError(route)
    tree: dict[str, Tree] = {
        "name": Said(route.name.value, (route.trail, route.name)),
        "condition": _condition(route),
    }
    if route.timeouts is not None and route.timeouts.request is not None:
        tree["timeout"] = route.timeouts.request.map(duration)
    if route.retry is not None:
        tree["isRetryable"] = Said(True, (route.retry.trail,))
        classes: list[Tree] = list(classes_of(route.retry))
        if classes:
            tree["responseClasses"] = classes
    return tree


def _condition(route: Route) -> dict[str, Tree]:
    several: list[Tree] = [_alternative(match) for match in route.matches]
    if len(several) == 1 and isinstance(several[0], dict):
        return dict(several[0])
    return {"any": several}


def _alternative(match: RouteMatch) -> dict[str, Tree]:
    """One alternative; fields of one condition must all hold."""
    tree: dict[str, Tree] = {}
    for test in match.requests.tests:
        field = "method" if test.part is Part.METHOD else "pathRegex"
        tree[field] = derived(text_of_test(test), (*test.any_of, match.trail))
    return tree


def text_of_test(test: Test) -> str:
    """A method, or a path as an expression; of a test that must not hold what it names."""
    (term,) = test.any_of or test.none_of
    pattern = term.value
    if not isinstance(pattern, Pattern):
        raise TypeError(test)
    if test.part is Part.METHOD:
        return pattern.text
    if pattern.kind is PatternKind.EXACT:
        return "".join(_escaped(sign) for sign in pattern.text)
    return f"(?:{pattern.text})" if "|" in pattern.text else pattern.text


def _escaped(sign: str) -> str:
    return f"\\{sign}" if _SPECIAL.fullmatch(sign) else sign


def classes_of(retry: Retry) -> Iterator[dict[str, Tree]]:
    """What counts as failed where not all answers of 500 and above do: the first class that holds decides."""
    if any(c.value is RetryCondition.SERVER_ANSWER for c in retry.conditions):
        return
    for low, high in _runs(sorted(status.value for status in retry.statuses)):
        stated = tuple(status for status in retry.statuses if low <= status.value <= high)
        yield _class(low, high, (retry.trail, *stated), fails=True)
    yield _class(*_SERVER, (retry.trail,), fails=False)


def _class(low: int, high: int, by: tuple[Traced[object], ...], *, fails: bool) -> dict[str, Tree]:
    return {
        "condition": {"status": {"min": Said(low, by), "max": Said(high, by)}},
        "isFailure": Said(fails, by),
    }


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found
