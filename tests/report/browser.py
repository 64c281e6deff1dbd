"""The Chromium of this machine, driven without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")


def missing() -> str:
    """Why no browser can be driven here; empty where one can."""
    if not CHROMIUM.exists():
        return f"no browser at {CHROMIUM}: install Debian's chromium to run this test"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed: install the test extra to run this test"
    return ""


needs_browser = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that is closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield started
        started.close()


@contextmanager
def opened(
    in_browser: Browser, file: Path, width: int = 1280, scheme: str = "light"
) -> Iterator[Page]:
    """The page in a window of its own, cut off from any network; it must not complain of anything."""
    window = in_browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    page = window.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("requestfailed", lambda asked: complaints.append(asked.url))
    page.goto(file.as_uri())
    yield page
    window.close()
    assert complaints == []


def until(page: Page, expression: str) -> None:
    """Waits until it holds; the page's own policy forbids the driver's way to wait."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never came true: {expression}")
