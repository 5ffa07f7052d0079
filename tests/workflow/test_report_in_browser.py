"""The report in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hqnn.report.page import write_report
from report_sources import PUBLISHED, SETTINGS, make_sources

pytestmark = pytest.mark.browser
WIDTHS = (400, 1280)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="install playwright to look at the report")
    names = (os.environ.get("HQNN_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    program = next((found for found in map(shutil.which, names) if found), None)
    if program is None:
        pytest.skip("no Chromium: install Debian's chromium, or set HQNN_CHROMIUM to the program")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a report ü")
    sources = make_sources(folder, samples=600, subset=120, draws=10)
    write_report(folder / "report.html", **vars(sources), settings=SETTINGS, published=[PUBLISHED])
    return folder / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_opens_offline_without_a_complaint(browser: Any, page_file: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [page_file.as_uri()]

    images = page.eval_on_selector_all("img", "all => all.map(image => image.complete && image.naturalWidth)")
    assert len(images) == 2
    assert all(images)
    drawings = page.eval_on_selector_all("svg", "all => all.map(svg => svg.getBoundingClientRect().height)")
    assert len(drawings) >= 10
    assert min(drawings) > 100

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_figures_follow_the_colours_of_the_page(browser: Any, page_file: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(page_file.as_uri())
        colours.append(page.evaluate("getComputedStyle(document.querySelector('svg text')).fill"))
        page.close()
    assert colours[0] != colours[1]
