"""A migration plan as JSON, as a checklist in Markdown, and in short for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from translator.report.plan import Call, Effort, Gateway, Plan, Problem, Proved, Step, Wave

MOST = 12
"""Rows of a list that are shown; the JSON form has all."""


def plan_json(plan: Plan) -> str:
    """All of it, schema version 1, with sums."""
    value = asdict(plan)
    del value["files"]
    value["holds"] = plan.holds
    value["effort"] = asdict(plan.effort)
    for told, wave in zip(value["waves"], plan.waves, strict=True):
        told["folder"] = wave.folder
        told["effort"] = asdict(wave.effort)
    value["files"] = list(plan.files)
    return json.dumps(value, indent=2) + "\n"


def plan_text(plan: Plan) -> str:
    """A line for each wave."""
    return "\n".join(_text(plan)) + "\n"


def _text(plan: Plan) -> Iterator[str]:
    yield f"{plan.source.mesh} {plan.source.version} to {plan.target.mesh} {plan.target.version}: {len(plan.waves)} waves, {hours(plan.effort)}"
    for wave in plan.waves:
        yield (
            f"  {wave.folder}: {wave.title}; {count(len(wave.workloads), 'workload')}, "
            f"{count(len(wave.allowances), 'temporary way')} open, {count(len(wave.clear), 'call')} in clear text after it; {verdict(wave)}"
        )
    for one in (*plan.faults, *plan.blockers):
        yield f"  {one.severity} {one.code} {one.message}"
    yield (
        f"  {count(len(plan.decisions), 'decision')} open; every state and every rollback was checked: "
        + ("all hold" if plan.holds else "NOT all hold")
    )


def count(number: int, noun: str) -> str:
    """``1 call``, ``2 calls``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def hours(effort: Effort) -> str:
    """Hours, low to high, with what is likely."""
    return f"{effort.likely:.1f} h ({effort.low:.1f} to {effort.high:.1f})"


def verdict(wave: Wave) -> str:
    """What the checker says of all states of a wave."""
    if not all(proof.holds for proof in wave.proofs):
        return "does not hold"
    doubts = sum(len(proof.doubts) for proof in wave.proofs)
    return f"holds, {count(doubts, 'question')} open" if doubts else "proved"


# --- Markdown ------------------------------------------------------------------------------------


def plan_markdown(plan: Plan) -> str:
    """A checklist, wave by wave."""
    return "\n".join(_markdown(plan)) + "\n"


def _markdown(plan: Plan) -> Iterator[str]:
    yield f"# From {plan.source.mesh} {plan.source.version} to {plan.target.mesh} {plan.target.version}"
    yield ""
    yield f"{count(len(plan.waves), 'wave')}, {hours(plan.effort)} of work. " + (
        "Every state on the way and every rollback was compared with start and end: nothing is let in that is not listed, no call breaks."
        if plan.holds
        else "**Not every state holds what a plan promises: see Faults.**"
    )
    yield ""
    yield "| wave | namespaces | workloads | open meanwhile | in clear text after it | hours | checker |"
    yield "|---|---|---|---|---|---|---|"
    for wave in plan.waves:
        yield (
            f"| {wave.number} | {cell(wave.title)} | {len(wave.workloads)} | {len(wave.allowances)} | {len(wave.clear)} "
            f"| {hours(wave.effort)} | {verdict(wave)} |"
        )
    yield from _problems("Faults", plan.faults)
    yield from _problems("Blockers", plan.blockers)
    yield from _problems("Decisions", plan.decisions)
    yield from ("", "## Before the first wave", "")
    for check in plan.prerequisites:
        yield f"- [ ] {check.what}: `{check.command}`"
    yield from _gateways(plan)
    for wave in plan.waves:
        yield from _wave(wave)
    yield from _metrics(plan)
    yield from ("", "## What is taken for granted", "")
    yield from (f"- {text}" for text in plan.assumptions)


def _gateways(plan: Plan) -> Iterator[str]:
    """By what requests enter the cluster."""
    if plan.gateways:
        yield from ("", "## Gateways", "")
        yield "| gateway | names | ports | becomes |"
        yield "|---|---|---|---|"
        for one in plan.gateways:
            ports = ", ".join(f"{port} {protocol}" for port, protocol in one.ports)
            names = ", ".join(one.names) or "any"
            yield f"| {cell(one.gateway)} | {cell(names)} | {cell(ports)} | {cell(becomes(one))} |"


def becomes(gateway: Gateway) -> str:
    """What becomes of a gateway, in words."""
    match gateway.fate:
        case "beside":
            return f"{', '.join(gateway.becomes)}, new, beside it"
        case "in place":
            return "changes where it is"
        case "missing":
            return "nothing is written for it"
        case _:
            return "stays"


def _metrics(plan: Plan) -> Iterator[str]:
    """Dashboards and rules that read these change with the wave that moves what they watch."""
    if plan.metrics:
        yield from ("", "## What is counted, and by which names", "")
        yield f"| {plan.source.mesh} | {plan.target.mesh} | what differs |"
        yield "|---|---|---|"
        for one in plan.metrics:
            yield f"| `{cell(one.source)}` | {f'`{cell(one.target)}`' if one.target else 'nothing'} | {cell(one.note)} |"


def cell(text: str) -> str:
    """A text that may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _problems(title: str, problems: Sequence[Problem]) -> Iterator[str]:
    if not problems:
        return
    yield from ("", f"## {title}", "")
    for one in problems[:MOST]:
        place = f" ({', '.join(one.places)})" if one.places else ""
        yield f"- [ ] **{one.code}** {one.severity}: {one.message}{place} {one.advice}".rstrip()
    if len(problems) > MOST:
        yield f"- and {len(problems) - MOST} more"


def _wave(wave: Wave) -> Iterator[str]:
    yield from (
        "",
        f"## Wave {wave.number}: {wave.title}",
        "",
        f"{hours(wave.effort)}; {verdict(wave)}.",
        "",
    )
    yield from _steps(wave.steps)
    if wave.checks:
        yield from ("", "Checks:", "")
        yield from (f"- [ ] {check.what}: `{check.command}`" for check in wave.checks)
    if wave.allowances:
        yield from ("", "Weaker while it lasts:", "")
        for one in wave.allowances:
            yield f"- {one.weaker} Opened in wave {one.since}, taken back by `{one.removal}`."
    yield from _clear(wave.clear)
    yield from ("", "What the checker says:", "")
    yield from (f"- {_proof(proof)}" for proof in wave.proofs)
    yield from ("", "Rollback:", "")
    yield from _steps(wave.rollback)


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        # where nothing is applied or deleted there is no folder
        folder = f" (`{step.folder}`)" if step.applies or step.removes else ""
        yield f"- [ ] **{step.title}**{folder}: {step.why}"
        yield from (f"  - `{command}`" for command in step.commands)


def _clear(calls: Sequence[Call]) -> Iterator[str]:
    if calls:
        yield from ("", "In clear text until a later wave:", "")
        for call in calls[:MOST]:
            seen = f", seen: {call.requests:g}" if call.requests is not None else ""
            yield f"- {call.caller.rstrip('/')} to {call.server} port {call.port}{seen}"
        if len(calls) > MOST:
            yield f"- and {len(calls) - MOST} more"


def _proof(proof: Proved) -> str:
    ports = ", ".join(f"{number} {name}" for name, number in proof.ports.items())
    held = "holds" if proof.holds else "does not hold"
    listed = f"; {count(len(proof.listed), 'listed way')} used" if proof.listed else ""
    doubts = f"; {count(len(proof.doubts), 'question')} open" if proof.doubts else ""
    return f"{proof.state}: {held} ({ports}{listed}{doubts})"
