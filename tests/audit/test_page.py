"""The page of an audit in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import meshmigrate
from tests.report.browser import browser, needs_browser, opened
from tests.report.hostile import ATTACKS, hostile_text
from translator.report.audit import Audit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_browser

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Audit]:
    folder = tmp_path_factory.mktemp("estates")
    (folder / "hostile.yaml").write_text(hostile_text(), encoding="utf-8")
    return {
        "shop": meshmigrate.audit([f"east={SHOP}", f"west={SHOP}"], targets=["linkerd"]),
        "hostile": meshmigrate.audit([folder], source="istio"),
    }


@pytest.fixture(scope="module")
def pages(audits: dict[str, Audit], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, audit in audits.items():
        (folder / f"{name}.html").write_text(audit.to_html(), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in audits}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


def test_each_estate_is_a_part_with_a_card_for_each_target(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    with opened(chromium, pages["shop"]) as page:
        assert page.get_by_role("heading", level=2).all_inner_texts() == [
            "east: istio 1.31",
            "west: istio 1.31",
        ]
        assert page.get_by_role("article").count() == 2
        page.get_by_role("link", name="west: istio 1.31").click()
        assert page.evaluate("location.hash") == "#e2"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rules_of_accessibility_hold(
    chromium: Browser, pages: dict[str, Path], scheme: str
) -> None:
    rules = resources.files("axe_playwright_python") / "axe.min.js"
    with opened(chromium, pages["shop"], scheme=scheme) as page:
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.evaluate(rules.read_text(encoding="utf-8"))
        found: dict[str, Any] = page.evaluate("axe.run(document)")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["shop", "hostile"])
def test_no_width_needs_the_page_to_be_moved_sideways(
    chromium: Browser, pages: dict[str, Path], width: int, name: str
) -> None:
    with opened(chromium, pages[name], width=width) as page:
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_names_of_the_input_run_nothing(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["hostile"]) as page:
        page.wait_for_timeout(100)
        assert page.evaluate("window.hit") is None
        assert page.locator("img").count() == 0
        text = page.locator("body").inner_text()
        assert any(attack.split("\u202e")[0] in text for attack in ATTACKS)
