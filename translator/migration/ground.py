"""Start and end of a migration, and everything that is known before the first wave is drawn up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ir.behaviour.lower import Lowering
from ir.inventory import SYSTEM
from ir.membership import Enrolment
from ir.model import Model
from translator.after import as_source
from translator.api import Options
from translator.bridges.api import Bridge
from translator.bridges.spaces import with_spaces
from translator.pipeline import Result
from translator.planning.flows import Seen
from translator.registry import load_importer
from translator.report.plan import (
    Call,
)
from translator.source.load import Loaded, load_text
from translator.state import (
    Piece,
    State,
    applied,
    key_of,
    loaded_of,
    pieces_of,
)
from translator.staying import with_setup
from translator.verify.reach import Reached, reached
from translator.verify.stage import Account

_JOB = ("batch", "Job")


@dataclass(frozen=True, slots=True)
class Ground:
    """Start and end, and everything that is known before the first wave is drawn up."""

    result: Result
    options: Options
    bridges: tuple[Bridge, Bridge]
    start: State
    end: State
    models: tuple[Model, Model]
    moving: tuple[str, ...]
    calls: tuple[Call, ...]
    odd: tuple[str, ...]
    """Calls that were seen, and of which the input knows nothing."""
    jobs: tuple[str, ...]
    """Jobs that the translation changes and a plan leaves as they are."""
    silent: bool
    """Whether no object of the input says which pods are in the source's mesh, so that all are taken to be by the usual word."""

    @classmethod
    def of(
        cls,
        loaded: Loaded,
        done: Result,
        bridges: tuple[Bridge, Bridge],
        seen: Sequence[Seen],
    ) -> Ground:
        """Reads start and end with the importers of both meshes."""
        options = done.options
        left, comes = bridges
        start: State = pieces_of(loaded, options.namespace)
        imported = with_setup(
            load_importer(options.source.mesh)(loaded.resources, options), options
        )
        leaving = {key_of(resource, options.namespace) for resource in imported.claimed}
        outputs = {
            piece.key: piece
            for document in done.documents
            for piece in pieces_of(load_text(document.text, "outputs"), options.namespace).values()
        }
        end = applied({k: p for k, p in start.items() if k not in leaving}, outputs.values())
        joined = _joined(imported.model)
        listed = {workload.namespace for workload in imported.model.inventory.workloads}
        moving = joined or tuple(sorted(listed - {*_kept_out(options)}))
        if left.knows or not joined:
            # the words by which pods join stand in no object of the input
            start, end = with_spaces(start, moving), with_spaces(end, moving)
            start = applied(start, left.join(start, moving, options))
            end = {**left.left(start, moving, options), **end}
            end = applied(end, left.part(end, moving, options))
            end = applied(end, comes.join(end, moving, options))
        jobs = _changed_jobs(start, end)
        end = applied(end, jobs)
        after = model_of(end, as_source(options))
        known, unknown = _resolved(seen, imported.model)
        calls = tuple(_calls(imported.model, after, moving, known, options))
        let_in = {(call.caller, call.server.partition("/")[2]) for call in calls}
        odd = (
            *unknown,
            *(
                f"{a} to {b}"
                for a, b in known
                if b.split("/")[0] in moving and (a, b) not in let_in
            ),
        )
        return cls(
            done,
            options,
            bridges,
            start,
            end,
            (imported.model, after),
            moving,
            calls,
            tuple(sorted(odd)),
            jobs=tuple(job.resource for job in jobs),
            silent=not joined and not left.knows,
        )

    @property
    def outside(self) -> tuple[str, ...]:
        """Namespaces that call or are called and that no wave moves."""
        spaces = {space for call in self.calls for space in (call.client, call.namespace)}
        return tuple(sorted(spaces - set(self.moving)))


def _changed_jobs(start: State, end: State) -> tuple[Piece, ...]:
    """Jobs as they are that should change: the API server takes no other template of one (``field is immutable``)."""
    return tuple(
        piece
        for key, piece in start.items()
        if key[:2] == _JOB and key in end and end[key].value != piece.value
    )


def model_of(state: State, options: Options) -> Model:
    """What the source's mesh of these options makes of a state."""
    return load_importer(options.source.mesh)(loaded_of(state, "state").resources, options).model


def _joined(model: Model) -> tuple[str, ...]:
    """Namespaces of pods of which the input says that they are in the mesh."""
    lowering = Lowering(model)
    enrolments = [f for f in model.facts if isinstance(f, Enrolment) and f.enrolled.value]
    found = {
        workload.namespace
        for workload in model.inventory.workloads
        if any(lowering.covers(f.subject, workload) for f in enrolments)
    }
    return tuple(sorted(found))


def _kept_out(options: Options) -> tuple[str, ...]:
    """Namespaces of control planes, which no wave moves by itself."""
    return (*SYSTEM, options.root_namespace, options.control_plane_namespace)


def _calls(
    start: Model,
    end: Model,
    moving: Sequence[str],
    seen: Mapping[tuple[str, str], float],
    options: Options,
) -> Iterator[Call]:
    """Who may call whom, with what both meshes ask of the caller, and what was seen."""
    after = {(r.workload.key, r.port): dict(r.callers) for r in reached(end, options.trust_domain)}
    for one in reached(start, options.trust_domain):
        if one.workload.namespace not in moving:
            continue
        listed = {c[0] for (c, _) in one.callers if c[1]}
        for account, shows in one.callers:
            if not account[1] and (account[0] in listed or one.anyone):
                continue
            then = after.get((one.workload.key, one.port), {}).get(account, True)
            yield Call(
                caller="/".join(account),
                server=one.workload.key,
                port=one.port,
                named=not one.anyone,
                requests=_seen(account, one, seen),
                shows=(shows, then),
            )


def _resolved(
    seen: Sequence[Seen], model: Model
) -> tuple[dict[tuple[str, str], float], tuple[str, ...]]:
    """What was seen by account and workload, and what is not in the input."""
    workloads = {f"{w.namespace}/{w.name}": w for w in model.inventory.workloads}
    known: dict[tuple[str, str], float] = {}
    unknown: dict[str, None] = {}
    for one in seen:
        caller = workloads.get(one.caller)
        account = one.account or (f"{caller.namespace}/{caller.service_account}" if caller else "")
        if account and one.server in workloads:
            known[account, one.server] = known.get((account, one.server), 0.0) + one.amount
        else:
            unknown[f"{one.caller or one.account} to {one.server}"] = None
    return known, tuple(unknown)


def _seen(account: Account, one: Reached, seen: Mapping[tuple[str, str], float]) -> float | None:
    return seen.get(("/".join(account), f"{one.workload.namespace}/{one.workload.name}"))


def account_of(caller: str) -> Account:
    """``namespace/account`` in two."""
    namespace, _, account = caller.partition("/")
    return namespace, account
