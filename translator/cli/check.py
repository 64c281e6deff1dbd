"""``verify --check``: a certificate judged by the checker alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from translator.certified import FORM, digest
from translator.check import OUTSIDE, Json, NotUnderstood, changes, routes
from translator.cli.codes import DIFFERENT, DONE, FINDINGS
from translator.cli.console import out
from translator.errors import InputError, Place
from translator.report.render.words import printable, times

_KINDS = {
    (False, False): "nothing is newly allowed, nothing newly denied",
    (False, True): "nothing is newly allowed, some requests are newly denied",
    (True, False): "some requests are newly allowed, nothing is newly denied",
    (True, True): "some requests are newly allowed, some newly denied",
}


def run_check(name: str) -> int:
    """Judges the certificate in a file and tells; returns the exit code."""
    told = _read(name)
    try:
        return _judged(told)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        message = (
            f"expected a certificate as it was written, found one with a piece amiss ({error!r})."
        )
        raise InputError(Place(name), message) from error


def _judged(told: Json) -> int:
    lines: list[str] = []
    wrong = unsure = 0
    access, routed = (*told["ports"], *told["exits"]), (*told["routes"], *told["gateways"])
    judged = [
        *((entry, _judged_access(entry, told["callers"])) for entry in access),
        *((entry, _judged_routes(entry, told["callers"])) for entry in told["routes"]),
        *((entry, _judged_routes(entry, OUTSIDE)) for entry in told["gateways"]),
    ]
    shared = _shared(entry["if"] for entry, (_, right) in judged if right)
    for entry, (line, right) in judged:
        lines.append(line)
        own = (one for one in entry["if"] if one not in shared)
        lines.extend(f"    if {condition}" for condition in own if right)
        wrong += right is False
        unsure += right is None
    lines.extend(f"left out: {', '.join(o['ports'])}: {o['why']}" for o in told["left_out"])
    if not judged or not told["callers"]:
        unsure += 1
        lines.append("not judged: it holds no ports or no callers")
    if str(told["verdict"]).startswith("EQUAL") and any(map(_differs, (*access, *routed))):
        wrong += 1
        lines.append(f"WRONG: the verdict is {told['verdict']}, yet a port differs")
    stale = [*_stale(told)]
    lines.extend(stale)
    lines.extend(f"all that is confirmed holds if {condition}" for condition in shared)
    verdict = "not confirmed" if wrong or unsure or stale else "confirmed"
    out(f"{printable(line)}\n" for line in (*lines, f"verdict: {verdict}"))
    return DIFFERENT if wrong else FINDINGS if unsure or stale else DONE


def _shared(conditions: Iterable[list[str]]) -> list[str]:
    """The conditions that all claims have; none where there is one claim alone, which names its own."""
    of_all = list(conditions)
    if len(of_all) < 2:  # noqa: PLR2004  # nothing to share
        return []
    return [one for one in of_all[0] if all(one in own for own in of_all)]


def _judged_access(entry: Json, callers: list[Json]) -> tuple[str, bool | None]:
    """What is to be said of a claim about who gets in or out, and whether it is right; ``None``: that cannot be told."""
    ports = ", ".join(entry["ports"])
    claimed = entry["newly_allowed"], entry["newly_denied"]
    try:
        found = changes(entry, callers)
    except NotUnderstood as reason:
        return f"not judged: {ports}: {reason}", None
    if found == claimed:
        return f"confirmed: {ports}: {_KINDS[found]}", True
    return f"WRONG: {ports}: claimed that {_KINDS[claimed]}; in fact {_KINDS[found]}", False


def _judged_routes(entry: Json, callers: list[Json]) -> tuple[str, bool | None]:
    """What is to be said of a claim about routes, and whether it is right; ``None``: that cannot be told."""
    ports = ", ".join(entry["ports"])
    claimed = {(one["before"], one["after"], *one["otherwise"]) for one in entry["classes"]}
    try:
        found = routes(entry, callers)
    except NotUnderstood as reason:
        return f"not judged: {ports}: {reason}", None
    except (ValueError, IndexError) as reason:
        return f"WRONG: {ports}: {reason}", False
    if found == claimed:
        unlike = dict.fromkeys(word for one in sorted(found) for word in one[2:])
        told = f"differing in {', '.join(unlike)}" if unlike else "alike"
        pairs = f"{times(len(found), 'pair')} of routes {'win' if len(found) > 1 else 'wins'}"
        return f"confirmed: {ports}: {pairs} before and after, {told}", True
    one = min(found ^ claimed)
    more = "claimed, and no request shows it" if one in claimed else "not claimed"
    otherwise = f" with other {', '.join(one[2:])}" if one[2:] else ""
    pair = f"{one[0] or 'no route'} before and {one[1] or 'no route'} after{otherwise}"
    return f"WRONG: {ports}: {pair} is {more}", False


def _differs(entry: Json) -> bool:
    if "classes" in entry:
        return any(one["otherwise"] for one in entry["classes"])
    return bool(entry["newly_allowed"] or entry["newly_denied"])


def _read(name: str) -> Json:
    try:
        told = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(Place(name), f"cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(Place(name), f"expected JSON: {error}.") from error
    form = told.get("certificate") if isinstance(told, dict) else None
    if form is None:
        message = "expected a certificate, as meshmigrate verify --certificate writes it."
        raise InputError(Place(name), message)
    if form != FORM:
        message = (
            f"expected a certificate of form {FORM}, found one of form {form} by {told.get('tool')}: "
            "judge it with the version that wrote it, or write it anew with --certificate."
        )
        raise InputError(Place(name), message)
    return dict(told)


def _stale(told: Json) -> Iterator[str]:
    """Files that are here and are not what was compared; those that are not here cannot be told."""
    for side in ("before", "after"):
        for name, known in told[side]["files"].items():
            found = digest(name)
            if found and known and found != known:
                yield f"changed since: {name}"
