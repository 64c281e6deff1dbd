"""Extensions and telemetry: for the workloads selected, the namespace, or from the root namespace the mesh.

istio/istio pilot/pkg/model/{envoyfilter.go,extensions.go,telemetry.go}, 1.31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Attachment, EnforcedAt
from ir.inventory import Inventory
from ir.model import Fact, Inactive
from ir.opaque import Opaque
from ir.provenance import Traced, absorb
from ir.resilience import RateLimit
from ir.telemetry import Telemetry
from translator.api import Options
from translator.importers.istio.link.rate_limits import Limits, link_limits
from translator.importers.istio.link.scope import subject_of
from translator.importers.istio.model import Extension, Statement, TelemetryResource
from translator.importers.istio.model.extensions import Piece
from translator.importers.linked import Linked


def link_extensions(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> Linked:
    """A fact for each piece, or for each limit of requests; a resource without any says nothing."""
    facts: list[Fact] = []
    idle: list[Inactive] = []
    for statement in statements:
        if isinstance(statement, Extension):
            own, limits = _pieces(statement, inventory, options)
            facts.extend(own)
            idle.extend(limits.idle)
            empty = not own
        elif isinstance(statement, TelemetryResource):
            facts.extend(_telemetry(statement, options))
            empty = not statement.observations
        else:
            continue
        if empty:
            idle.append(_idle(statement))
    return Linked(tuple(facts), tuple(idle))


def _idle(statement: Extension | TelemetryResource) -> Inactive:
    values = [statement.trail, statement.selector, statement.targets]
    leaves = {leaf for value in values if value is not None for leaf in value.origin}
    return Inactive(leaves=tuple(sorted(leaves)), winner="", why="it asks for nothing")


def _spent(statement: Extension | TelemetryResource) -> tuple[Traced[str], ...]:
    """What is said once for all pieces; the first bears it."""
    targets = () if statement.targets is None else (statement.targets,)
    return (statement.trail, *targets)


def _pieces(
    statement: Extension, inventory: Inventory, options: Options
) -> tuple[list[RateLimit | Opaque], Limits]:
    """The limits and the pieces that are not understood; the first bears what is said once for all."""
    limits = Limits(left=list(statement.pieces))
    if statement.targets is None:
        subject = subject_of(statement.meta, statement.selector, options)
        limits = link_limits(statement.pieces, subject, inventory, options)
    facts: list[RateLimit | Opaque] = [
        *limits.facts,
        *(_opaque(statement, piece, options) for piece in limits.left),
    ]
    if facts:
        first = facts[0]
        facts[0] = replace(first, trail=absorb(first.trail, *_spent(statement)))
    return facts, limits


def _opaque(statement: Extension, piece: Piece, options: Options) -> Opaque:
    at = EnforcedAt.WAYPOINT if statement.targets is not None else piece.enforced_at
    return Opaque(
        attachment=_where(statement, at, options),
        kind=f"{statement.meta.kind}: {piece.kind}",
        intent=piece.intent,
        may_touch=piece.may_touch,
        trail=piece.trail,
    )


def _telemetry(statement: TelemetryResource, options: Options) -> Iterator[Telemetry]:
    at = EnforcedAt.SERVER if statement.targets is None else EnforcedAt.WAYPOINT
    for number, one in enumerate(statement.observations):
        node = statement.meta.fact(one.aspect)
        yield Telemetry(
            attachment=_where(statement, at, options),
            aspect=Traced(one.aspect, (), statement.meta.because),
            setting=one.setting,
            trail=node if number else absorb(node, *_spent(statement)),
        )


def _where(
    statement: Extension | TelemetryResource, at: EnforcedAt, options: Options
) -> Attachment:
    subject = subject_of(statement.meta, statement.selector, options)
    return Attachment(subject=subject, enforced_at=at)
