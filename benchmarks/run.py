"""Times reading alone against a whole translation of an estate, each in a process of its own.

    python benchmarks/run.py [SERVICES]

Prints the median of three runs, the peak memory of the process, and the time that ``meshmigrate --help`` takes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from estate import write_estate

RUNS = 3

_LOAD = """
from translator.source.load import load
loaded = load([{folder!r}])
"""

_TRANSLATE = """
from translator.pipeline import translate
result = translate(
    [{folder!r}], source="istio", target="linkerd", node_networks=("10.128.0.0/20",)
)
"""

_MEASURE = """
import resource, time
start = time.perf_counter()
{code}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measured(code: str) -> tuple[float, float]:
    """Median seconds and peak MiB of some code."""
    found = []
    for _ in range(RUNS):
        run = subprocess.run(
            [sys.executable, "-c", _MEASURE.format(code=code)],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        seconds, memory = run.stdout.split()
        found.append((float(seconds), float(memory)))
    return statistics.median(s for s, _ in found), max(m for _, m in found)


def main() -> None:
    """Prints the figures."""
    services = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        documents = write_estate(Path(folder), services)
        print(f"{services} services, {documents} documents, median of {RUNS} runs")
        load, load_memory = measured(_LOAD.format(folder=folder))
        print(f"load only   {load:7.2f} s  {load_memory:6.0f} MiB")
        whole, whole_memory = measured(_TRANSLATE.format(folder=folder))
        print(f"translate   {whole:7.2f} s  {whole_memory:6.0f} MiB  {whole / load:.1f} times load")
    starts = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "meshmigrate", "--help"], check=True, capture_output=True
        )
        starts.append(time.perf_counter() - start)
    print(f"--help      {statistics.median(starts):7.2f} s")


if __name__ == "__main__":
    main()
