"""Times reading alone against a whole translation of an estate, each in a process of its own.

    python benchmarks/run.py [SERVICES]

Prints the time that passes (the median of three runs) and the peak memory of reading, and of a translation without and
with its proof, each as the command line runs it: without the collector of circles, the proof shared among the processors.
At last the processor time that ``meshmigrate --help`` takes. The machine should have nothing else to do.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
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
    [{folder!r}], source="istio", target="linkerd", node_networks=("10.128.0.0/20",), verify={verify}
)
"""

_MEASURE = """
import gc, resource, time
from translator.verify.hands import use_all
gc.disable()
use_all()
start = time.perf_counter()
{code}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measured(code: str) -> tuple[float, float]:
    """Median seconds and peak MiB of some code: of the process that runs it, not of its helpers."""
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
        load, memory = measured(_LOAD.format(folder=folder))
        print(f"load only      {load:7.2f} s  {memory:6.0f} MiB")
        bare, memory = measured(_TRANSLATE.format(folder=folder, verify=False))
        print(f"without proof  {bare:7.2f} s  {memory:6.0f} MiB  {bare / load:.1f} times load")
        whole, memory = measured(_TRANSLATE.format(folder=folder, verify=True))
        added = (whole - bare) / bare
        print(f"with proof     {whole:7.2f} s  {memory:6.0f} MiB  the proof adds {added:.2f} times")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(RUNS):
        subprocess.run(
            [sys.executable, "-m", "meshmigrate", "--help"], check=True, capture_output=True
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"--help         {took / RUNS:7.2f} s")


if __name__ == "__main__":
    main()
