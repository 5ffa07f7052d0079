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
WIDTHS = (390, 1280, 2560)
HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "</script><script>alert(2)</script>",
    "\"'><b onclick=alert(3)>&amp;{{ 7 * 7 }}",
)
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
        make_rows(folder / "rows", classes=[*HOSTILE, *(f"class number {k}" for k in range(13))], rows=640, draws=10),
    )
    chapters = [folder / f"{files.name}.json" for files in studies]
    for chapter, files in zip(chapters, studies, strict=True):
        write_study(chapter.with_suffix(".html"), chapter, files)
    write_report(folder / "report.html", chapters)
    return folder / "report.html"


@pytest.fixture(scope="module")
def page(browser: Any, page_file: Path) -> Iterator[Any]:
    """The page as a reader plays with it; whatever it complains of or asks for is a failure."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    opened.on("request", lambda request: complaints.append(request.url))
    opened.goto(page_file.as_uri())
    yield opened
    assert [told for told in complaints if not told.startswith("data:")] == [page_file.as_uri()]
    opened.close()


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
    assert (overview[0] > overview[1]) == (width == 390)
    columns = "all => Math.max(...all.map(grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length))"
    beside = page.eval_on_selector_all(".panels, .pictures", columns)
    assert beside >= {390: 1, 1280: 3, 2560: 5}[width]
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


def first_words(column: Any) -> list[str]:
    """What stands first in the cells of a column, of rows that are shown."""
    return column.evaluate_all("all => all.filter(cell => cell.checkVisibility()).map(cell => cell.firstChild.data)")


def test_a_table_sorts_by_a_column_and_returns_to_its_order(page: Any) -> None:
    table = page.locator("#change-oscd-results table").first
    column = table.locator("tbody td:nth-child(4)")
    given = first_words(column)
    values = sorted(map(float, given))
    assert given != sorted(given)
    head = table.locator("thead th:nth-child(4)")
    head.locator("button").focus()
    for order, expected in (("descending", values[::-1]), ("ascending", values)):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        assert list(map(float, first_words(column))) == expected
    page.keyboard.press("Enter")
    assert first_words(column) == given


def test_times_sort_by_their_length_and_dashes_stay_last(page: Any) -> None:
    table = page.locator("#change-oscd-results table").first
    column = table.locator("tbody td:nth-child(5)")
    times = ["17 h 02 min", "–", "36:20 min", "8.31 s"]
    column.evaluate_all("(all, times) => all.forEach((cell, place) => cell.replaceChildren(times[place]))", times)
    button = table.locator("thead th:nth-child(5) button")
    for expected in (["17 h 02 min", "36:20 min", "8.31 s", "–"], ["8.31 s", "36:20 min", "17 h 02 min", "–"]):
        button.click()
        assert first_words(column) == expected
    button.click()


def test_a_table_keeps_the_rows_with_what_is_typed(page: Any) -> None:
    section = page.locator("#change-where")
    rows = section.locator("tbody tr")
    everything = rows.count()
    wanted = rows.filter(has_text="noisy").count()
    assert 0 < wanted < everything
    field = section.locator("input[type=search]")
    field.fill("NOISY two_design")
    shown = section.locator("tbody tr:visible")
    assert shown.count() == wanted
    assert shown.first.locator("td").first.evaluate("cell => getComputedStyle(cell).fontSize") != "0px"
    assert section.locator("output").inner_text() == f"{wanted} of {everything} rows"
    field.fill("")
    assert section.locator("tbody tr:visible").count() == everything


def test_names_are_words_whatever_they_are(page: Any, page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    assert page.get_by_text(HOSTILE[0], exact=True).count() >= 2
    assert page.locator("article b, article img[src=x], article script:not([type='application/json'])").count() == 0
    assert not any(name in text for name in HOSTILE)


def test_nothing_runs_but_our_own_scripts(browser: Any, page_file: Path, tmp_path: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    planted = "<script>document.title = 'planted'</script><p onclick=\"document.title = 'clicked'\">here</p>"
    (tmp_path / "planted.html").write_text(text.replace("<h1>Overview</h1>", planted), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "planted.html").as_uri())
    page.get_by_text("here", exact=True).click()
    assert "report" in page.title()
    assert page.locator("thead button").count() > 10
    page.close()


def test_without_scripts_the_page_shows_all(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    page.goto(page_file.as_uri())
    assert page.locator("article section").count() > 10
    assert page.locator("img:visible").count() == page.locator("img").count() == 2
    assert page.locator("button, input, select").count() == 0
    page.close()
