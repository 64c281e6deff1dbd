"""The steps of the wave in which gateways change, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from translator.planning.folder import Delta, Folder
from translator.planning.gateways import (
    BESIDE,
    IN_PLACE,
    MISSING,
    STAYS,
    awaited,
    switches,
    trials,
)
from translator.report.plan import Gateway, Step
from translator.state import State

_GOES = {
    BESIDE: "comes beside it",
    IN_PLACE: "is the same object: its controller changes, and there is a time at which neither serves",
    MISSING: "is not written (MM501): set up beside it what takes its place, or nothing enters by these names any more",
}

_AT_ONCE = "These objects change hands at once: do it when a short break is allowed."


def edge_steps(
    folder: str,
    gateways: Sequence[Gateway],
    states: tuple[State, State, State, State],
    into: Folder,
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps of all gateways that change, and those of the rollback."""
    before, ready, switched, after = states
    going = [gateway for gateway in gateways if gateway.fate not in (STAYS, IN_PLACE)]
    same = [gateway for gateway in gateways if gateway.fate == IN_PLACE]
    back = f"{folder}/rollback"
    steps = (
        *into.steps((Delta(f"{folder}/1-beside", "New gateways beside the old", "Nothing leads to them yet.",
                           before, ready, _all(awaited, going)),)),
        *_each(f"{folder}/2-test", "Test", going, trials,
               "Ask it by its own address; compare with what the old one answers."),
        *into.steps((Delta(f"{folder}/3-switch", "Change in place", _AT_ONCE, ready, switched, _all(awaited, same)),)),
        *_each(f"{folder}/3-switch", "Test", same, trials, "Ask it by its new address as soon as it has one."),
        *_each(f"{folder}/3-switch", "Switch names to", [*going, *same], switches,
               "Point the names to the new address, with a short time to live. Wait until the old one gets no more requests."),
        *into.steps((Delta(f"{folder}/4-remove", "Remove the old gateways", "Their pods go with the source's mesh.",
                           switched, after, ()),)),
    )  # fmt: skip
    rollback = (
        *into.steps((Delta(f"{back}/1-restore", "Restore the old gateways", "They answer again before a name leads to them.",
                           after, switched, ()),)),
        *into.steps((Delta(f"{back}/2-switch-back", "Change back in place", _AT_ONCE, switched, ready, _all(awaited, same)),)),
        *_each(f"{back}/2-switch-back", "Switch names back from", [*going, *same], switches,
               "Point the names to the old address. Wait until the new one gets no more requests."),
        *into.steps((Delta(f"{back}/3-remove", "Remove the new gateways", "Nothing leads to them any more.",
                           ready, before, ()),)),
    )  # fmt: skip
    return steps, rollback


def _all(
    commands: Callable[[Gateway], Iterable[str]], gateways: Sequence[Gateway]
) -> tuple[str, ...]:
    return tuple(command for gateway in gateways for command in commands(gateway))


def _each(
    folder: str,
    title: str,
    gateways: Sequence[Gateway],
    commands: Callable[[Gateway], Iterable[str]],
    why: str,
) -> tuple[Step, ...]:
    """A step for each gateway, also where it is to be done by hand."""
    return tuple(
        Step(
            folder=folder,
            title=f"{title} {', '.join(gateway.becomes) or 'what takes the place of ' + gateway.gateway}",
            why=f"{_told(gateway)} {why}",
            commands=tuple(commands(gateway)),
        )
        for gateway in gateways
    )


def _told(gateway: Gateway) -> str:
    names = ", ".join(gateway.names) or "any name"
    ports = ", ".join(f"{port} ({protocol})" for port, protocol in gateway.ports)
    return f"{gateway.gateway} answers to {names} on {ports}; the new one {_GOES[gateway.fate]}."
