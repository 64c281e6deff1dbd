"""What holds of every translation, whatever the input: no fault of ours, and no difference that nobody told."""

from __future__ import annotations

from translator.pipeline import Result, options_of, translate_loaded
from translator.report.model import INVENTION, OTHERWISE, UNEXPLAINED, Fate
from translator.source.load import load_text

NODES = ("10.128.0.0/20",)
"""The networks of the nodes, as ``--node-networks`` says them."""

_FAULTS = ("MM901", INVENTION, UNEXPLAINED, OTHERWISE)


def translated(text: str, source: str, target: str, **settings: object) -> Result:
    """The translation of a text, with its proof."""
    loaded = load_text(text)
    wanted = {"node_networks": NODES, **settings}
    return translate_loaded(loaded, options_of(loaded, source, target, wanted))


def faults(result: Result) -> list[str]:
    """What ends a run with 70, by code and message."""
    fates = result.report.summary.fates
    found = [f"{f.code} {f.message}" for f in result.report.findings if f.code in _FAULTS]
    return [*found, *(fate for fate in (Fate.DROPPED, Fate.STRANDED) if fates.get(fate))]
