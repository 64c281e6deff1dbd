"""The HTML report in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.browser import browser, needs_browser, opened, until
from tests.report.hostile import ATTACKS, hostile_report
from tests.report.large import large_report
from tests.report.reports import shop
from translator.report.areas import area
from translator.report.headline import headline
from translator.report.html.page import render_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_browser

LARGE = 5000
BOTH = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("html")
    reports = {"shop": shop(), "hostile": hostile_report()}
    found: dict[str, Path] = {}
    for name, whole in reports.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(render_html(whole), encoding="utf-8")
    return found


@pytest.fixture
def page(chromium: Browser, pages: dict[str, Path]) -> Iterator[Page]:
    with opened(chromium, pages["shop"]) as shown:
        yield shown


def shown_count(page: Page) -> int:
    found: int = page.evaluate(
        "[...document.querySelectorAll('.f')].filter(one => !one.closest('[hidden]')).length"
    )
    return found


def test_the_first_thing_to_read_is_whether_anything_is_newly_allowed(page: Page) -> None:
    first = page.get_by_role("heading").nth(1)
    assert first.inner_text() == headline(shop()).title
    assert page.get_by_role("region", name="Verdict").is_visible()


def test_severities_are_switched_off_and_on(page: Page) -> None:
    total = len(shop().findings)
    name = shop().findings[0].severity.value
    number = shop().summary.findings[name]
    assert shown_count(page) == total > number > 0
    page.get_by_role("checkbox", name=f"{name} {number}").uncheck()
    until(page, f"document.querySelector('[data-s={name}]').hidden")
    assert shown_count(page) == total - number
    told = page.get_by_role("status").inner_text()
    assert told.startswith(f"{total - number} of {total} findings")
    page.get_by_role("button", name="Reset").click()
    until(page, f"!document.querySelector('[data-s={name}]').hidden")
    assert shown_count(page) == total


def test_a_feature_narrows_the_findings(page: Page) -> None:
    wanted = area(shop().findings[0].code)
    page.get_by_role("combobox", name="Feature").select_option(wanted)
    until(page, "document.querySelectorAll('.cause[hidden]').length > 0")
    assert shown_count(page) == sum(area(one.code) == wanted for one in shop().findings) > 0


def test_a_namespace_narrows_the_findings(page: Page) -> None:
    page.get_by_role("combobox", name="Namespace").select_option(label="backoffice")
    until(page, "document.querySelectorAll('.f[hidden]').length > 0")
    there = [
        one
        for one in shop().findings
        if any(place.resource.split("/")[1] == "backoffice"
               or place.resource == "Namespace//backoffice" for place in one.sources)
    ]  # fmt: skip
    assert shown_count(page) == len(there) > 0


def test_a_row_of_the_tally_is_a_filter(page: Page) -> None:
    page.get_by_text("By feature and by namespace").click()
    row = page.locator(".tally").first.locator("tbody tr").first
    told = int(row.locator("td").last.inner_text())
    row.get_by_role("button").click()
    until(page, "document.getElementById('area').value !== ''")
    assert shown_count(page) == told > 0


def test_a_word_that_is_nowhere_finds_nothing_and_says_so(page: Page) -> None:
    page.get_by_role("searchbox", name="Search").fill("no such word at all")
    page.get_by_text("No finding is like that.").wait_for()
    assert shown_count(page) == 0


def test_a_search_opens_what_it_finds(page: Page) -> None:
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".cause[open]").count() == 0
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    code = shop().findings[0].code
    page.keyboard.type(code)
    until(page, "document.querySelectorAll('.cause[open]').length > 0")
    until(page, "document.querySelectorAll('.cause[hidden]').length > 0")
    open_ones = page.locator(".cause[open]:not([hidden]) .code").all_inner_texts()
    assert code in open_ones


def test_the_keyboard_alone_will_do(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    pair = page.locator(".pair:has([data-to])").first
    pair.locator("summary").focus()
    page.keyboard.press("Enter")
    assert pair.evaluate("one => one.open") is True
    line = pair.locator("[data-to] a").first
    line.focus()
    assert page.locator(".tied").count() >= 1
    there = str(line.get_attribute("href"))
    page.keyboard.press("Enter")
    until(page, f"location.hash === '{there}'")
    target = page.locator(there)
    target.wait_for(state="visible")
    back = str(target.locator("a").get_attribute("href"))
    assert {back[:2], there[:2]} == {"#s", "#o"}


def test_a_link_into_a_folded_document_opens_it(page: Page) -> None:
    link = page.locator(".f[open] a", has_text="in the document").first
    there = str(link.get_attribute("href"))
    assert not page.locator(there).is_visible()
    link.click()
    page.locator(there).wait_for(state="visible")


def test_controls_are_told_to_a_screen_reader(page: Page) -> None:
    roles: list[tuple[Any, str]] = [
        ("navigation", "Parts of the report"),
        ("search", "Filter the findings"),
        ("combobox", "Namespace"),
        ("combobox", "Feature"),
        ("group", "Severity"),
        ("region", "Map of who calls whom"),
        ("img", "Map of who calls whom"),
        ("table", ""),
    ]
    for role, name in roles:
        assert page.get_by_role(role, name=name).count() >= 1, name
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


CONTRAST = """
() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((n) => n / 255)
      .map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (!/^rgba.*, 0\\)$|transparent/.test(color)) return color;
    }
    throw new Error("no ground");
  };
  const found = {};
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const off = one.closest("svg, script, style, .tick:has(:disabled)");
    if (!own || off || !one.checkVisibility()) continue;
    const a = light(getComputedStyle(one).color), b = light(ground(one));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = `${one.tagName}.${one.className}`;
    found[name] = Math.min(found[name] ?? 99, ratio);
  }
  return found;
}
"""
OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"


@BOTH
def test_every_word_stands_out_from_its_ground(
    chromium: Browser, pages: dict[str, Path], scheme: str
) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    with opened(chromium, pages["shop"], scheme=scheme) as page:
        page.evaluate(OPEN_ALL)
        found: dict[str, float] = page.evaluate(CONTRAST)
    assert len(found) > 30
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}


def test_the_rules_of_accessibility_hold(chromium: Browser, pages: dict[str, Path]) -> None:
    """All rules of axe-core (https://github.com/dequelabs/axe-core), with everything unfolded."""
    rules = resources.files("axe_playwright_python") / "axe.min.js"
    with opened(chromium, pages["hostile"], width=390, scheme="dark") as page:
        page.evaluate(OPEN_ALL)
        page.evaluate(rules.read_text(encoding="utf-8"))
        found: dict[str, Any] = page.evaluate("axe.run(document)")
    assert len(found["passes"]) > 30
    told = [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]]
    assert told == []


def test_light_and_dark_are_two_pages(chromium: Browser, pages: dict[str, Path]) -> None:
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        with opened(chromium, pages["shop"], scheme=scheme) as page:
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(18, 22, 28)"]


@pytest.mark.parametrize(("name", "width"), [("shop", 320), ("shop", 1280), ("hostile", 320)])
def test_no_width_needs_the_page_to_be_moved_sideways(
    chromium: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    with opened(chromium, pages[name], width=width) as page:
        page.evaluate(OPEN_ALL)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 390])
def test_a_change_of_the_proof_can_be_read_on_a_phone_without_moving_it(
    chromium: Browser, pages: dict[str, Path], width: int
) -> None:
    with opened(chromium, pages["shop"], width=width) as page:
        page.evaluate(OPEN_ALL)
        cells = page.evaluate(
            "[...document.querySelectorAll('.changes td')].map(one => one.getBoundingClientRect().right)"
        )
        assert cells
        assert max(cells) <= width


def test_the_kind_of_a_change_takes_no_more_room_than_what_it_says(page: Page) -> None:
    page.evaluate(OPEN_ALL)
    share = page.evaluate(
        "(row => row.cells[0].offsetWidth / row.offsetWidth)(document.querySelector('.changes tbody tr'))"
    )
    assert share < 0.2


def test_on_paper_everything_is_open_and_no_control_is_left(page: Page) -> None:
    folded = page.locator("details:not([open])").count()
    assert folded > 10
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator(".filter").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == folded
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_names_of_the_input_run_nothing(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["hostile"]) as page:
        page.evaluate(OPEN_ALL)
        page.wait_for_timeout(200)
        assert page.evaluate("document.scripts.length") == 1
        assert page.evaluate("document.images.length") == 0
        said = page.locator("body").inner_text()
        assert [a for a in ATTACKS if a.replace("\u202e", "\\u202e") not in said] == []
        for word in ("<script>", '"><img'):
            page.get_by_role("searchbox", name="Search").fill(word)
            page.wait_for_timeout(50)
            assert shown_count(page) > 0
        assert page.evaluate("window.hit === undefined") is True


FILTER = """
([id, value]) => new Promise((done) => {
  const field = document.getElementById(id);
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)));
})
"""


def test_five_thousand_findings_are_filtered_to_those_asked_for(
    chromium: Browser, tmp_path: Path
) -> None:
    """How long that takes is measured by ``benchmarks/page.py``."""
    large = tmp_path / "large.html"
    large.write_text(render_html(large_report(LARGE)), encoding="utf-8")
    with opened(chromium, large) as page:
        assert shown_count(page) == LARGE
        for field, value, left in (
            ("search", "route 4999", 1),
            ("search", "space-7.yaml", LARGE // 40),
            ("search", "", LARGE),
            ("namespace", "3", LARGE // 40),
            ("namespace", "", LARGE),
        ):
            page.evaluate(FILTER, [field, value])
            assert shown_count(page) == left, value


def test_the_script_knows_each_id_that_it_asks_for(pages: dict[str, Path]) -> None:
    text = pages["shop"].read_text(encoding="utf-8")
    asked = re.findall(r'\$\("([\w-]+)"\)', text)
    assert len(asked) >= 7
    assert [name for name in asked if f'id="{name}"' not in text] == []
