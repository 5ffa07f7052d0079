"""The report in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hqnn.report.page import write_report
from hqnn.report.study import write_study
from report_sources import make_pixels, make_rows

pytestmark = pytest.mark.browser
WIDTHS = (400, 1280, 2560)
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
    """The page of two studies of different kinds."""
    folder = tmp_path_factory.mktemp("a report ü")
    studies = (
        make_pixels(folder / "pixels", samples=600, subset=120, draws=10),
        make_rows(folder / "rows", classes=[f"class number {k}" for k in range(16)], rows=640, draws=10),
    )
    chapters = [folder / f"{files.name}.json" for files in studies]
    for chapter, files in zip(chapters, studies, strict=True):
        write_study(chapter.with_suffix(".html"), chapter, files)
    write_report(folder / "report.html", chapters)
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
    assert len(drawings) >= 20
    assert min(drawings) > 100

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_scroll_within_the_page_and_wide_pages_are_filled(browser: Any, page_file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(page_file.as_uri())
    outside = "all => all.filter(one => !one.closest('.wide')).length"
    assert page.eval_on_selector_all("table", outside) == 0
    overview = page.evaluate("(box => [box.scrollWidth, box.clientWidth])(document.querySelector('#overview .wide'))")
    assert (overview[0] > overview[1]) == (width == 400)
    columns = "all => Math.max(...all.map(grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length))"
    beside = page.eval_on_selector_all(".panels, .pictures", columns)
    assert beside >= {400: 1, 1280: 3, 2560: 5}[width]
    page.close()


def test_the_overview_leads_to_each_study(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(page_file.as_uri())
    links = page.query_selector_all("#overview tbody a")
    assert len(links) == 2
    for link in links:
        link.click()
        place = page.evaluate("document.getElementById(location.hash.slice(1)).getBoundingClientRect().top")
        assert -1 <= place < 900
        page.go_back()
    page.close()


def test_figures_follow_the_colours_of_the_page(browser: Any, page_file: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(page_file.as_uri())
        colours.append(page.evaluate("getComputedStyle(document.querySelector('svg text')).fill"))
        page.close()
    assert colours[0] != colours[1]
