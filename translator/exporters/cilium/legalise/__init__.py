"""From a pruned model to one that can be written as it is: one pass a concern, each losing what it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.access import ClientTls, TlsMode
from ir.model import Fact, Model
from ir.traffic import PortProtocol
from ir.walk import traced
from translator.api import Loss, Options
from translator.exporters.cilium.legalise.access import legalise_access
from translator.exporters.cilium.legalise.defaults import Written, lose_defaults, tries_again
from translator.exporters.cilium.legalise.ground import Ground
from translator.exporters.cilium.legalise.membership import legalise_membership
from translator.exporters.naming import Names
from translator.report.model import Fate, Impact, Severity, Support


def legalise(  # noqa: PLR0913  # what all passes share
    model: Model,
    exits: Sequence[Fact],
    stays: Sequence[Fact],
    ground: Ground,
    names: Names,
    options: Options,
    *,
    written: Written,
) -> tuple[Model, tuple[Loss, ...]]:
    """The model in legal form with ``exits``, which are already, and what was lost on the way.

    ``stays``: policies of the network that stand beside it; ``written``: where the source's retries are.
    """
    losses: list[Loss] = []
    kept: list[Fact] = []
    for fact in model.facts:
        if isinstance(fact, ClientTls):
            losses.append(_client_tls(fact))
        elif isinstance(fact, PortProtocol):
            losses.extend(_protocol(fact))
        else:
            kept.append(fact)
    guarded = legalise_access(replace(model, facts=tuple(kept)), stays, options, ground, names)
    facts = (*guarded.facts, *exits)
    defaults = lose_defaults(model, written)
    losses.extend((*guarded.losses, *defaults, *tries_again(facts)))
    joined, more = legalise_membership(replace(model, facts=facts))
    return replace(joined, defaults=()), (*losses, *more)


def _client_tls(fact: ClientTls) -> Loss:
    """How clients secure their connections: nothing of it is said by a policy."""
    own = fact.mode.value in (TlsMode.MESH, TlsMode.OFF)
    return Loss(
        code="MM405",
        impact=Impact.NONE if own else Impact.DIFFERENT,
        support=Support.PARTIAL if own else Support.NEVER,
        severity=Severity.INFO if own else Severity.HIGH,
        fate=Fate.ABSORBED if own else Fate.LOST,
        sites=tuple(traced(fact)),
        message="no client starts the mutual TLS of the mesh any more."
        if own
        else "clients do not start TLS of their own for requests to this host: they send clear text.",
        advice="" if own else "Let the application speak TLS itself.",
    )


def _protocol(fact: PortProtocol) -> Iterator[Loss]:
    """What a Service says of its ports stays where it is."""
    if any(value.origin for value in traced(fact)):
        yield Loss(
            code="MM552",
            impact=Impact.NONE,
            support=Support.PARTIAL,
            severity=Severity.INFO,
            fate=Fate.ABSORBED,
            sites=tuple(traced(fact)),
            message="the protocol that the Service names for its port stays; policies read a port as HTTP where a rule for "
            "requests stands.",
        )
