"""Counts the verdicts of a corpus: every unit translated to every mesh, each slice counted once.

    python benchmarks/verdicts.py CORPUS [SOURCE-to-TARGET ...]

CORPUS holds a folder for each mesh, whose entries are units, and ``apps``, whose entries may be of any. A unit that speaks
of a mesh is translated from it. Prints the share of each verdict, changes that no finding explains, and why slices are
open, with their number, the most frequent first, each with a unit that shows it.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path

from ir.model import Model
from translator import proof
from translator.errors import MeshMigrateError
from translator.pipeline import translate
from translator.verify.compare import Proof, Terms, compare
from translator.verify.result import Verdict

MARKS = {
    "istio": r"istio\.io",
    "linkerd": r"linkerd\.io|smi-spec\.io",
    "cilium": r"cilium\.io|kind: NetworkPolicy",
    "gateway-api": r"gateway\.networking\.(x-)?k8s\.io",
}
"""By what a unit is known to speak of a mesh."""

OPEN = (Verdict.MAY_DIFFER, Verdict.UNKNOWN)


@dataclass(slots=True)
class Counted:
    """What some translations come to: slices by verdict, open ones by reason, and units that show a reason."""

    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shown: dict[tuple[str, str, str], str] = field(default_factory=dict)
    unexplained: int = 0
    refused: int = 0

    def add(self, other: Counted) -> None:
        """Adds the counts of others."""
        self.verdicts += other.verdicts
        self.reasons += other.reasons
        self.shown = {**other.shown, **self.shown}
        self.unexplained += other.unexplained
        self.refused += other.refused

    def note(self, found: Proof, unit: str) -> None:
        """Adds a proof."""
        self.unexplained += len(found.unexplained())
        for one in found.found:
            self.verdicts[one.slice.verdict.value] += 1
            if one.slice.verdict in OPEN:
                kind = re.split(r"[ /]", one.slice.name)[0]
                for reason in one.slice.reasons:
                    if reason not in one.slice.assumed:
                        key = one.slice.verdict.value, kind, reason
                        self.reasons[key] += 1
                        self.shown.setdefault(key, unit)


def units(corpus: Path, mesh: str) -> Iterator[Path]:
    """The units that speak of the mesh."""
    for place in (*sorted((corpus / mesh).iterdir()), *sorted((corpus / "apps").iterdir())):
        files = [place] if place.is_file() else [*place.rglob("*")]
        texts = (
            f.read_text(errors="replace") for f in files if f.suffix in (".yaml", ".yml", ".json")
        )
        if any(re.search(MARKS[mesh], text) for text in texts):
            yield place


def counted(job: tuple[Path, str, str]) -> Counted:
    """The counts of one translation."""
    unit, source, target = job
    found = Counted()

    def noted(before: Model, after: Model, terms: Terms) -> Proof:
        done = compare(before, after, terms)
        found.note(done, f"{source}-to-{target} {unit.name}")
        return done

    proof.compare = noted  # type: ignore[attr-defined]  # a report counts slices, it does not list them all
    try:
        translate([str(unit)], source=source, target=target)
    except (ExceptionGroup, MeshMigrateError):
        found.refused += 1
    return found


def main() -> None:
    """Prints the figures."""
    corpus = Path(sys.argv[1])
    pairs = sys.argv[2:] or [
        f"{one}-to-{other}" for one in MARKS for other in MARKS if one != other
    ]
    jobs = [
        (unit, source, target)
        for source, target in (pair.split("-to-") for pair in pairs)
        for unit in units(corpus, source)
    ]
    whole = Counted()
    with Pool(2) as pool:
        for one in pool.imap_unordered(counted, jobs, chunksize=4):
            whole.add(one)
    total = whole.verdicts.total()
    print(
        f"{len(jobs)} translations, {whole.refused} refused, {total} slices, {whole.unexplained} unexplained"
    )
    for verdict, number in whole.verdicts.most_common():
        print(f"  {verdict:18} {number:6} {100 * number / total:5.1f} %")
    for key, number in sorted(whole.reasons.items(), key=lambda one: (-one[1], one[0])):
        print(f"  {number:4} {' '.join(key[:2])}: {key[2]} ({whole.shown[key]})")


if __name__ == "__main__":
    main()
