"""The migration plan: from one mesh to another, wave by wave, each state held against start and end."""

from __future__ import annotations

from collections.abc import Sequence

from translator.api import Options
from translator.errors import TargetError
from translator.migration.ground import Ground
from translator.migration.making import Making
from translator.pipeline import Paths, options_of, translate_loaded
from translator.planning.effort import Actual, recalibrated
from translator.planning.flows import Seen
from translator.registry import load_bridges
from translator.report.plan import Plan
from translator.source.load import Loaded, load


def plan(
    paths: Paths,
    *,
    source: str,
    target: str,
    actuals: Sequence[Actual] = (),
    seen: Sequence[Seen] = (),
    **settings: object,
) -> Plan:
    """The way from one mesh to another, wave by wave; ``settings`` are the fields of :class:`~translator.api.Options`.

    ``actuals``: what work took so far. ``seen``: calls that an export shows.

    Raises:
        ExceptionGroup: of ``InputError``, all errors of the run.
        TargetError: an unknown mesh, version or setting, or a mesh that has no bridge yet.
    """
    loaded = load(paths)
    options = options_of(loaded, source, target, settings)
    return plan_loaded(loaded, options, actuals=actuals, seen=seen)


def plan_loaded(
    loaded: Loaded,
    options: Options,
    *,
    actuals: Sequence[Actual] = (),
    seen: Sequence[Seen] = (),
) -> Plan:
    """The same for documents that are read already."""
    bridges = load_bridges(options.source.mesh, options.target.mesh)
    done = translate_loaded(loaded, options)
    ground = Ground.of(loaded, done, bridges, seen)
    left, comes = bridges
    reasons = (
        left.refuses(ground.start, options),
        comes.refuses(ground.start, options),
        comes.refuses(ground.end, options),
    )
    for reason in filter(None, reasons):
        message = f"no plan leads from {options.source.mesh} to {options.target.mesh}: {reason}"
        raise TargetError(message)
    return Making(ground, recalibrated(actuals)).plan()
