"""What is told of two trees that were compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from translator.difference.tree import Tree
from translator.proof import witness
from translator.report.difference import (
    Changed,
    Compared,
    Decided,
    OpenQuestion,
    SettingChanged,
)
from translator.report.model import Version
from translator.verify.compare import Proof
from translator.verify.curl import curl_line, sender
from translator.verify.result import Change, Sample, Verdict
from translator.verify.settings import OtherSetting, Setting
from translator.verify.standins import with_standins


def side(tree: Tree) -> Compared:
    """What was read on a side."""
    mesh = Version(tree.mesh.mesh, tree.mesh.version, tree.mesh.channel)
    return Compared(mesh, tree.loaded.files, len(tree.loaded.documents))


def verdict(
    proof: Proof,
    settings: Sequence[SettingChanged],
    questions: Sequence[OpenQuestion],
    *,
    same_mesh: bool,
) -> Verdict:
    """That of the proof, unless settings of one mesh differ beside it, or questions of two are open."""
    if proof.verdict is Verdict.DIFFERENT or (settings and same_mesh):
        return Verdict.DIFFERENT
    if questions and proof.verdict is not Verdict.UNKNOWN:
        return Verdict.MAY_DIFFER
    return proof.verdict


def changes(proof: Proof, before: Tree, after: Tree) -> Iterator[Changed]:
    """Each kind of difference of each slice, by its smallest request."""
    for one in proof.found:
        groups: dict[tuple[str, bool], list[Change]] = {}
        for explained in one.changes:
            change = explained.change
            groups.setdefault((change.kind.value, change.listed), []).append(change)
        for (kind, listed), held in groups.items():
            sample = held[0].witness
            inventory = before.model.inventory
            yield Changed(
                kind=kind,
                world="closed" if listed else "open",
                slice=one.slice.name,
                classes=len(held),
                witness=witness(sample.request),
                sender=sender(sample.request.caller, inventory),
                curl=curl_line(sample.request, inventory),
                before=_decided(sample, before, 0),
                after=_decided(sample, after, 1),
            )


def _decided(sample: Sample, tree: Tree, side: int) -> Decided:
    text = (sample.before, sample.after)[side]
    return Decided(text, tree.places((sample.before_leaves, sample.after_leaves)[side]))


def setting(other: OtherSetting, before: Tree, after: Tree) -> SettingChanged:
    """A setting that is another one, with its places."""
    return SettingChanged(
        what=other.either.noun,
        subject=other.either.subject,
        before=_stated(other.before, before),
        after=_stated(other.after, after),
    )


def _stated(setting: Setting | None, tree: Tree) -> Decided | None:
    return None if setting is None else Decided(setting.text, tree.places(setting.leaves))


def between_meshes(
    before: Tree, after: Tree, settings: Sequence[SettingChanged]
) -> Iterator[OpenQuestion]:
    """What is not compared since each mesh has words of its own for it."""
    if settings:
        reason = "settings that the two meshes state in words of their own are listed, not compared"
        subjects = dict.fromkeys(sorted(one.subject for one in settings))
        yield OpenQuestion(Verdict.MAY_DIFFER.value, (reason,), tuple(subjects))
    if with_standins(before.model, after.model)[2]:
        reason = "rules for pods that are not in the input are not compared: add the workloads"
        yield OpenQuestion(Verdict.MAY_DIFFER.value, (reason,), ())
