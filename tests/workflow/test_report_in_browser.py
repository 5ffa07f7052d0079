"""The report in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hqnn.data.pixels.scene import UNLABELLED
from hqnn.metrics.binary import BinaryMeasures
from hqnn.report.page import write_report
from hqnn.report.pixels.map_panel import HIT
from hqnn.report.pixels.scene_layers import SceneLayers
from hqnn.report.study import write_study
from hqnn.store import write_text
from page_sources import CURVE, HOSTILE, OF_THREE, pictures_chapter
from report_sources import CHANGE, QUANTUM, make_pixels, make_rows

pytestmark = pytest.mark.browser
WIDTHS = (390, 1280, 2560)
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
    write_text(folder / "pictures.json", json.dumps(asdict(pictures_chapter())))
    write_report(folder / "report.html", [*chapters, folder / "pictures.json"])
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

    images = page.eval_on_selector_all("article img", "all => all.map(image => image.complete && image.naturalWidth)")
    assert len(images) == 2 + 9 + 1
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


@pytest.fixture(scope="module")
def layers(page_file: Path) -> SceneLayers:
    """Of the first scene."""
    return SceneLayers.read(sorted(page_file.parent.rglob("maps/*.h5"))[0])


@pytest.fixture(scope="module")
def scene(page: Any) -> Any:
    """The viewer of the first scene."""
    figure = page.locator("figure:has(script.scene)").first
    figure.scroll_into_view_if_needed()
    figure.locator(".play").wait_for()
    return figure


def counts_of(scene: Any) -> dict[str, float]:
    names, values = (scene.locator(f".counts {part}").all_inner_texts() for part in ("dt", "dd"))
    return {name: float(value.replace(",", "")) for name, value in zip(names, values, strict=True)}


@pytest.mark.parametrize("threshold", [500, 387, 801])
def test_a_threshold_counts_as_the_metrics_do(scene: Any, layers: SceneLayers, threshold: int) -> None:
    scene.get_by_label("Threshold").fill(str(threshold))
    known = np.isfinite(layers.probability[..., 1]) & (layers.truth != UNLABELLED)
    labels, probability = layers.truth[known].astype(float), layers.probability[..., 1][known].astype(float)
    predicted = (probability > threshold / 1000).astype(float)
    values = BinaryMeasures(labels, probability, predicted)(np.ones((1, len(labels)))).values
    names = {"hits": "tp", "misses": "fn", "false alarms": "fp", "correct rejections": "tn", "F1": "f1", "IoU": "iou"}
    shown = counts_of(scene)
    assert {name: shown[name] for name in names} == {k: round(float(values[v][0]), 3) for k, v in names.items()}
    assert 0 < shown["hits"] < (layers.truth == 1).sum()


def test_a_threshold_recolours_the_map_and_the_swipe_parts_it_from_the_date(scene: Any, layers: SceneLayers) -> None:
    scene.get_by_label("Threshold").fill("600")
    drawn = np.array(
        scene.locator("canvas")
        .nth(1)
        .evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 50, 40).data]")
    )
    colours = drawn.reshape(40, 50, 4)[..., :3]
    hits = (layers.truth == 1) & (layers.probability[..., 1].astype(float) > 0.6)
    np.testing.assert_array_equal((colours == list(bytes.fromhex(HIT[1:]))).all(axis=2), hits)

    box = scene.locator(".stage").bounding_box()
    mouse, middle = scene.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, middle)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 4, middle, steps=4)
    mouse.up()
    cut = scene.locator("canvas").nth(1).evaluate("canvas => canvas.style.clipPath")
    assert float(cut.split()[-1].rstrip("%)")) == pytest.approx(25, abs=2)
    assert "row" not in scene.locator(".told").inner_text()
    scene.get_by_label("left").select_option("date 1")
    first = scene.locator("canvas").first.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(30, 20, 1, 1).data]"
    )
    low, high = np.nanpercentile(layers.values.reshape(-1, 3), (2, 98), axis=0)
    expected = 255 * np.clip((layers.values[20, 30, 0] - low) / (high - low), 0, 1)
    np.testing.assert_allclose(first[:3], expected, atol=0.51)


def test_a_pixel_says_what_is_known_of_it(scene: Any, layers: SceneLayers) -> None:
    box = scene.locator(".stage").bounding_box()
    scene.page.mouse.click(box["x"] + 30.5 / 50 * box["width"], box["y"] + 20.5 / 40 * box["height"])
    scene.page.keyboard.press("ArrowRight")
    scene.page.keyboard.press("Shift+ArrowDown")
    said = scene.locator(".told").inner_text()
    assert said.startswith("row 60, column 62\n")
    told = re.search(r"date 2: B08 (\S+ )?(\d+), .*⟨Z1⟩ (-?\S+)\nprobability of change: (\S+)\n", said, re.DOTALL)
    assert told
    assert float(told[3]) == pytest.approx(float(layers.expectation[30, 31, 0]), abs=6e-4)
    assert float(told[4]) == pytest.approx(float(layers.probability[30, 31, 1]), abs=1.1e-3)
    if not told[1]:
        assert float(told[2]) == pytest.approx(float(layers.values[30, 31, 1, 0]), rel=0.02)
    assert f"is: {CHANGE[layers.truth[30, 31]]}" in said
    scene.page.mouse.click(box["x"] + 2, box["y"] + 2)
    assert "not predicted" in scene.locator(".told").inner_text()


def test_of_more_classes_a_threshold_leaves_unsaid_what_is_less_likely(page: Any) -> None:
    scene = page.locator("#pictures-nine-all figure:has(script.scene)")
    scene.scroll_into_view_if_needed()
    scene.get_by_label("Threshold").fill("555")
    likeliest = OF_THREE.probability.max(axis=2).astype(float)
    said, labelled = likeliest > 0.555, OF_THREE.truth != UNLABELLED
    right = OF_THREE.truth == np.nan_to_num(OF_THREE.probability).argmax(axis=2)
    found = {"right": said & labelled & right, "wrong": said & labelled & ~right, "nothing said": ~said}
    shown = counts_of(scene)
    assert {name: shown[name] for name in found} == {name: where.sum() for name, where in found.items()}
    assert min(where.sum() for where in found.values()) > 50


def test_an_image_is_enlarged_and_those_beside_it_follow_by_key(page: Any) -> None:
    figures = page.locator("#pictures-nine-all .gallery figure")
    figures.nth(1).locator("img").press("Enter")
    dialog = page.locator("dialog[open]")
    for place in (1, 2, 1):
        figure = figures.nth(place)
        assert dialog.locator("img").get_attribute("src") == figure.locator("img").get_attribute("src")
        is_, said = (figure.get_attribute(name) for name in ("data-is", "data-said"))
        assert dialog.locator("p").inner_text() == f"is: {is_}; predicted: {said}, probability 0.5{place}"
        page.keyboard.press("ArrowRight" if place == 1 else "ArrowLeft")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_a_gallery_keeps_the_errors_of_a_class(page: Any) -> None:
    section = page.locator("#pictures-nine-all")
    assert section.locator(".gallery figure.wrong").count() == 6
    section.get_by_label("is", exact=True).select_option(index=1)
    section.get_by_label("predicted", exact=True).select_option(index=2)
    kept = section.locator(".gallery figure:visible")
    assert kept.evaluate_all("all => all.map(one => [one.dataset.is, one.dataset.said])") == [list(HOSTILE[:2])]
    assert "1 of 9 images" in section.locator(".filter").inner_text()


def test_a_slider_along_an_axis_says_each_series_with_its_spread(page: Any) -> None:
    along = page.locator("#pictures-nine-all .along")
    found = []
    for step in range(3):
        along.locator("input").fill(str(step))
        found.append([along.locator("output").inner_text(), *along.locator("dd").all_inner_texts()])
    unit = CURVE["unit"]
    assert found == [
        [f"0 {unit}", "0.800 ± 0.100", "0.700"],
        [f"0.5 {unit}", "0.750 ± 0.000", "–"],
        [f"2 {unit}", "0.500 ± 0.200", "–"],
    ]
    assert along.locator("dt").first.inner_text() == HOSTILE[0]


def test_a_point_of_a_curve_says_what_it_is_by_key_and_by_pointer(page: Any, page_file: Path) -> None:
    history = pd.read_csv(sorted(page_file.parent.glob(f"pixels/**/{QUANTUM}/ideal/seed0/history.csv"))[0])
    drawing = page.locator("#change-oscd-training svg").first
    tip = page.locator("#change-oscd-training .tip").first
    drawing.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    told = f"{QUANTUM}: epoch {history['epoch'][2]}, loss {history['loss'][2]:.4g}"
    assert tip.inner_text() == told
    at = drawing.locator(".near").bounding_box()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    assert tip.inner_text() == told
    page.mouse.move(0, 0)
    assert not tip.is_visible()


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
    assert page.locator("img:visible").count() == page.locator("img").count() == 2 + 9 + 1
    assert page.locator("button, input, select").count() == 0
    page.close()
