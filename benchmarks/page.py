"""How long the HTML report takes to open and to filter in a headless Chromium.

    python benchmarks/page.py [FINDINGS]

For each step the least of three: milliseconds until all is drawn, and of those what the page's own thread computed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.report.browser import browser
from tests.report.large import large_report
from translator.report.html.page import render_html

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

RUNS = 3
STEPS = (("search", "route 4999"), ("search", ""), ("namespace", "3"), ("namespace", ""))

FILTER = """
([id, value]) => new Promise((done) => {
  const field = document.getElementById(id);
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)));
})
"""


def busy(session: CDPSession) -> float:
    """Seconds that the page's own thread has computed."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float({one["name"]: one["value"] for one in metrics}["ThreadTime"])


def main() -> None:
    """Prints the figures."""
    findings = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    took: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        large = Path(folder) / "large.html"
        large.write_text(render_html(large_report(findings)), encoding="utf-8")
        print(f"{findings} findings, {large.stat().st_size / 1e6:.1f} MB, least of {RUNS} runs")
        for _ in range(RUNS):
            page = chromium.new_page()
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            for field, value in (("open", ""), *STEPS):
                clock, computed = time.perf_counter(), busy(session)
                if field == "open":
                    page.goto(large.as_uri())
                page.evaluate(FILTER, ["search" if field == "open" else field, value])
                figures = time.perf_counter() - clock, busy(session) - computed
                took.setdefault(f"{field} {value}".strip(), []).append(figures)
            page.close()
    for step, times in took.items():
        clock, computed = (1000 * min(figures) for figures in zip(*times, strict=True))
        print(f"{step:20} {clock:6.0f} ms   {computed:6.0f} ms computed")


if __name__ == "__main__":
    main()
