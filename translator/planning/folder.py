"""The folder of a plan: for each step a kustomization with what it applies, and a file of what it deletes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from translator.report.files import file_name
from translator.report.plan import Check, Step

KUSTOMIZATION = "kustomization.yaml"
REMOVED = "remove.yaml"
AGAIN = "again.yaml"


Key = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


class Object(Protocol):
    """An object, as far as it matters here."""

    @property
    def resource(self) -> str:
        """``Kind/namespace/name``."""

    @property
    def text(self) -> str:
        """YAML without ``---``."""

    @property
    def manifest(self) -> str:
        """The text as kustomize can read it."""

    @property
    def value(self) -> Mapping[str, object]:
        """What it says."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A step that leads from one state to another; ``commands`` come after what is applied, ``first`` before it.

    ``again``: pods that nobody makes anew, so that they are deleted and made.
    """

    folder: str
    title: str
    why: str
    before: Mapping[Key, Object]
    after: Mapping[Key, Object]
    commands: tuple[str, ...]
    first: tuple[str, ...] = ()
    again: tuple[Object, ...] = ()


class Folder:
    """Collects the files of all steps."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._changed: dict[Key, None] = {}
        """Objects that a step changes where they are."""
        self._kinds: dict[tuple[str, str], None] = {}

    def files(self) -> dict[str, str]:
        """Every file by its name."""
        return dict(sorted(self._files.items()))

    def served(self, start: Mapping[Key, Object]) -> tuple[Check, ...]:
        """Whether the API server has each kind that is not there at the start, in the version in which it is written.

        A channel of the Gateway API that serves TLSRoutes as ``v1`` alone has them for no step that writes ``v1alpha2``.
        """
        there = {_kind(one) for one in start.values()}
        names = sorted(
            f"{kind.lower()}.{version.rpartition('/')[2]}.{version.rpartition('/')[0]}"
            for version, kind in self._kinds
            if "." in version and (version, kind) not in there
        )
        if not names:
            return ()
        what = "the API server has every kind that the waves bring, in its version: this says of none that it is not known"
        return (Check(what, f"kubectl get {','.join(names)} -A -o name"),)

    def known(self, folder: str, start: Mapping[Key, Object]) -> tuple[Step, ...]:
        """The step before all others: what kubectl has to know of the objects that are changed where they are.

        ``kubectl apply`` takes out of an object what it put there itself, by an annotation of its own, and nothing else
        (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes):
        of one that was made in another way, the label that turns the injection of the source's mesh on would stay.
        """
        known = [start[key] for key in self._changed if key in start]
        if not known:
            return ()
        self._kustomize(folder, known)
        step = Step(
            folder=folder,
            title="Take stock",
            why="kubectl takes out of an object only what it put there itself, so it is told what the objects say that are "
            "to change. The first command shows what is other in the cluster than this plan knows it: go on when it prints "
            "nothing.",
            applies=tuple(one.resource for one in known),
            commands=(f"kubectl diff -k {folder}", f"kubectl apply -k {folder}"),
        )
        return (step,)

    def steps(self, deltas: Iterable[Delta]) -> tuple[Step, ...]:
        """The steps in which something is done."""
        return tuple(step for delta in deltas if (step := self._step(delta)) is not None)

    def _step(self, delta: Delta) -> Step | None:
        put = {key: o for key, o in delta.after.items()
               if key not in delta.before or delta.before[key].value != o.value}  # fmt: skip
        self._changed.update((key, None) for key in put if key in delta.before)
        gone = [o for key, o in delta.before.items() if key not in delta.after]
        if not (put or gone or delta.commands or delta.again):
            return None
        commands = [*delta.first]
        if put:
            self._kustomize(delta.folder, [*put.values()])
            commands.append(f"kubectl apply -k {delta.folder}")
        if gone:
            self._files[f"{delta.folder}/{REMOVED}"] = _together(gone)
            commands.append(f"kubectl delete --ignore-not-found -f {delta.folder}/{REMOVED}")
        if delta.again:
            self._files[f"{delta.folder}/{AGAIN}"] = _together(delta.again)
            commands.append(f"kubectl replace --force -f {delta.folder}/{AGAIN}")
        return Step(
            folder=delta.folder,
            title=delta.title,
            why=delta.why,
            applies=tuple(o.resource for o in put.values()),
            removes=tuple(o.resource for o in gone),
            commands=(*commands, *delta.commands),
        )

    def _kustomize(self, folder: str, put: Sequence[Object]) -> None:
        names: list[str] = []
        self._kinds.update((_kind(one), None) for one in put)
        for one in put:
            name = file_name(one.resource, ".yaml")
            while name in names:
                name = f"{name.removesuffix('.yaml')}-x.yaml"
            names.append(name)
            self._files[f"{folder}/{name}"] = one.manifest.strip("\n") + "\n"
        listed = "".join(f"\n- {name}" for name in sorted(names))
        head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:"
        self._files[f"{folder}/{KUSTOMIZATION}"] = f"{head}{listed}\n"


def _kind(one: Object) -> tuple[str, str]:
    """The version and the kind of an object."""
    return str(one.value.get("apiVersion", "")), str(one.value.get("kind", ""))


def _together(objects: Iterable[Object]) -> str:
    """Several objects in one file."""
    return "---\n".join(one.text.strip("\n") + "\n" for one in objects)
