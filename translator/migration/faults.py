"""What of a wave does not hold, is not proved, or is otherwise for a while: each thing once, with the states in which it is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from translator.report.model import Finding
from translator.report.plan import Problem, Proved, Shown, Wave

_ANEW = "while pods are made anew: "


def faults(wave: Wave) -> Iterator[Problem]:
    """What of a wave does not hold, or is not proved to."""
    proofs = wave.proofs
    for (port, who, _), states in _in_states(proofs, lambda proof: map(_seen, proof.opened)):
        yield Problem("MM910", "blocker", f"{_where(wave, states)}: {port} lets in {who}, which neither start nor end do.",
                      "Do not carry this wave out; report it, or move the namespaces in another order.")  # fmt: skip
    for (port, who, why), states in _in_states(proofs, lambda proof: map(_seen, proof.shut)):
        yield Problem("MM913", "high", f"{_where(wave, states)}: {port} refuses {who}, which start and end let in"
                      + (f": {why}." if why else "."),
                      "Open it by hand for that time, or move both namespaces in one maintenance window.")  # fmt: skip
    for (ports, *_), states in _in_states(proofs, _undeclared):
        yield Problem("MM913", "low", f"{_where(wave, states)}: {ports}: calls to ports that no pod, Service or rule names may be "
                      "refused, which start and end let in.",
                      "If something listens there, name its port in the pod, so that it is held open.")  # fmt: skip
    for (doubt, *_), states in _in_states(proofs, lambda proof: ((one,) for one in proof.doubts[:1])):  # fmt: skip
        others = len({one for proof in proofs for one in proof.doubts} - {doubt})
        rest = f" and {others} more" if others else ""
        yield Problem("MM914", "high", f"{_where(wave, states)}: not proved: {doubt}{rest}.", "Check it by hand.")  # fmt: skip


def _in_states(
    proofs: Sequence[Proved], told: Callable[[Proved], Iterator[tuple[str, ...]]]
) -> Iterator[tuple[tuple[str, ...], Sequence[str]]]:
    """Each thing that is told, with the states of which it is."""
    found: dict[tuple[str, ...], list[str]] = {}
    for proof in proofs:
        for one in dict.fromkeys(told(proof)):
            found.setdefault(one, []).append(proof.state)
    yield from found.items()


def _where(wave: Wave, states: Sequence[str]) -> str:
    """The wave with its states."""
    anew = [state.removeprefix(_ANEW) for state in states if state.startswith(_ANEW)]
    rest = [state for state in states if not state.startswith(_ANEW)]
    told = [*([_ANEW + ", ".join(anew)] if anew else []), *rest]
    return f"wave {wave.number}, {'; '.join(told)}"


def _seen(one: Shown) -> tuple[str, ...]:
    return one.port, _who(one), one.why


def _undeclared(proof: Proved) -> Iterator[tuple[str, ...]]:
    ports = ", ".join(dict.fromkeys(one.port.split()[0] for one in proof.undeclared))
    return iter([(ports,)] if ports else [])


def detours(wave: Wave) -> Iterator[Problem]:
    """Clients that heed another route than at start and end while the wave lasts."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for proof in wave.proofs:
        for one in proof.rerouted:
            key = one.port, one.why.removesuffix(" heed another route meanwhile")
            found.setdefault(key, {})[one.kind] = None
    for (port, clients), kinds in found.items():
        yield Problem(
            "MM916",
            "medium",
            f"wave {wave.number}: {clients} heed another route to {port} than at start and end (other: "
            f"{', '.join(kinds)}).",
            "Carry the wave out while there is little traffic to it, or give that service to the same wave as its clients.",
        )


def _who(one: Shown) -> str:
    request = one.witness
    what = (
        f"{request['method']} {request['path']}"
        if request["http"]
        else "a connection that is not HTTP"
    )
    return f"{what} of {request['source']}" + ("" if request["mtls"] else " in clear text")


def problem(finding: Finding) -> Problem:
    """A finding of the translation as it is told in a plan."""
    places = tuple(dict.fromkeys(f"{s.file}:{s.line}" for s in finding.sources))[:_MOST]
    return Problem(finding.code, finding.severity.value, finding.message, finding.advice, places)


_MOST = 3
"""Places that a line names."""
