"""The report and the figures of effective receptive fields, from arrays alone."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import AxesImage
from PIL import Image
from pypdf import PdfReader

from robustbench_seg.erf.field import Field, Measurement, Unit
from robustbench_seg.reporting.receptive_fields import (
    ReceptiveFields,
    difference,
    figures,
    tables,
)
from robustbench_seg.reporting.receptive_fields.maps import (
    LOWEST,
    ON_PAGE,
    FieldMap,
    resampled,
    scale_length,
)
from robustbench_seg.reports.document import Gallery
from robustbench_seg.reports.formats import html
from robustbench_seg.reports.table import Table
from tests.helpers.parsed_page import EVIL, Page


def sample(
    subjects: tuple[str, ...] = ("b0@streets", "deeplab@streets"),
    layers: tuple[str, ...] = ("stage 3", "stage 4", "head"),
    size: tuple[int, int] = (40, 80),
    pixel: tuple[int, int] = (20, 40),
    text: str = "A text.",
    folder: Path | None = None,
) -> ReceptiveFields:
    rows, columns = np.indices(size)
    distance = np.hypot(rows - pixel[0], columns - pixel[1])
    names = [(subject, layer) for subject in subjects for layer in layers]
    choices = {
        "model": {"trained_on": "streets", "weights": {"note": text}},
        "layer": {"module": "module"},
        "method": "luo",
        "unit": {"asked": list(pixel)},
        "input": {"size": list(size)},
        "condition": {"corruption": "", "severity": 0, "seed": 0},
        "data": {"dataset": text, "split": "val", "images": [{"name": text, "digest": "0"}]},
        "versions": {text: text},
    }
    fields = tuple(
        Field(
            *(model, "clean", layer, Unit((0, 0), (1, 1), pixel)),
            np.exp(-distance / (2 * number)),
            choices,
        )
        for number, (model, layer) in enumerate(names, start=1)
    )
    return ReceptiveFields(Measurement(fields, {}, (), {"session": {"command": text}}), folder)


def maps(fields: ReceptiveFields) -> list[FieldMap]:
    return [FieldMap(field.model, field) for field in fields]


@pytest.mark.slow
def test_the_page_is_self_contained_and_reproducible() -> None:
    source = html.render(sample().report())
    assert source == html.render(sample().report())
    page = Page(source)
    loaded = [
        value or ""
        for _, attributes in page.tags
        for key, value in attributes.items()
        if key in ("src", "href", "xlink:href")
    ]
    assert all(value.startswith(("data:", "#")) for value in loaded)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    inside = [value[1:] for value in loaded if value.startswith("#")]
    assert set(inside) <= set(identifiers)
    # The layer in a row leads to its map, from both tables, and the map to its row.
    places = {attributes.get("id"): tag for tag, attributes in page.tags}
    links = [
        (str(attributes["href"])[1:], attributes["aria-label"])
        for tag, attributes in page.tags
        if tag == "a" and "aria-label" in attributes
    ]
    assert [places[name] for name, _ in links] == ["tr"] * 6 + ["figure"] * 12
    assert len(set(links)) == 12
    assert links[0][0] == "squares-0-stage-3"
    assert links[6] == links[12] == ("map-0-stage-3", "stage 3, map of SegFormer-B0")
    # The overview: three maps of each model, two enlarged, a scale; the difference: three, a scale.
    assert [tag for tag, _ in page.tags].count("image") == 2 * (3 + 2) + 1 + 3 + 1
    assert [tag for tag, _ in page.tags].count("img") == 6
    assert "#010101" not in source


def test_hostile_names_are_shown_and_never_run() -> None:
    report = sample(subjects=(EVIL,), layers=("head", EVIL), text=EVIL).report()
    page = Page(html.render(replace(report, stamps=(EVIL,))))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "b" not in {tag for tag, _ in page.tags}
    assert page.texts.count(EVIL) >= 6


@pytest.mark.slow
def test_files_are_written_without_dates(tmp_path: Path) -> None:
    def written(folder: Path) -> dict[str, bytes]:
        fields = sample(subjects=("b0",), layers=("head",), folder=folder)
        fields.save()
        assert fields.write("html,csv")[0] == folder / "report.html"
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    first = written(tmp_path / "first")
    assert first == written(tmp_path / "second")
    assert first.keys() == {
        "report.html",
        "table.csv",
        "mass_by_radius.csv",
        "overview.png",
        "overview.pdf",
        "overview.svg",
        *(f"maps/b0_clean_head.{suffix}" for suffix in ("npz", "json", "png", "pdf")),
    }
    with Image.open(tmp_path / "first" / "maps" / "b0_clean_head.png") as picture:
        corner = np.asarray(picture.convert("RGB"))[-1, -1]
    assert (corner == 255).all()
    assert b"#010101" not in first["overview.svg"]


@pytest.mark.slow
def test_every_format_has_the_numbers_and_the_notes(tmp_path: Path) -> None:
    fields = sample(subjects=("b0@streets",), layers=("stage 4", "head"))
    pdf, markdown, latex = fields.write("pdf,md,latex", tmp_path)
    pages = PdfReader(pdf).pages
    texts = [" ".join("".join(page.extract_text() for page in pages).split())]
    texts += [path.read_text().replace("{-}", "-") for path in (markdown, latex)]
    for text in texts:
        assert "The smallest centred square that holds a share of the field" in text
        assert "The unit is the one nearest to pixel (20, 40)" in text
        assert "A map" in text
    assert "Share within a radius" in texts[0]
    assert len(pages[0].images) + len(pages[1].images) >= 2
    assert fields._repr_html_().startswith('<iframe title="Effective receptive fields on')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "pixel"), [((40, 80), (0, 79)), ((30, 400), (3, 4)), ((90, 30), (45, 15))]
)
def test_overviews_of_any_shape_and_unit(size: tuple[int, int], pixel: tuple[int, int]) -> None:
    items = maps(sample(size=size, pixel=pixel))
    figure = figures.overview(items, ON_PAGE)
    pictures = [
        axes for axes in figure.axes if any(isinstance(c, AxesImage) for c in axes.get_children())
    ]
    assert len(pictures) == 2 * (3 + 2)
    width, height = figure.get_size_inches()
    for axes in figure.axes:
        box = axes.get_position()
        assert -1e-9 <= box.x0 < box.x1 <= 1 + 1e-9
        assert -1e-9 <= box.y0 < box.y1 <= 1 + 1e-9
        if axes in pictures:
            low, high = axes.get_ylim()
            left, right = axes.get_xlim()
            drawn = (box.width * width) / (box.height * height)
            assert drawn == pytest.approx((right - left) / (low - high), rel=1e-6)
    # Nothing that is drawn beyond a map moves its limits.
    single = figures.single(items[0], ON_PAGE)
    assert single.axes[0].get_xlim() == (0, size[1])
    assert single.axes[0].get_ylim() == (size[0], 0)


def test_layers_that_a_model_lacks_are_left_empty() -> None:
    items = maps(sample())[1:]
    figure = figures.overview(items, ON_PAGE)
    pictures = [
        axes for axes in figure.axes if any(isinstance(c, AxesImage) for c in axes.get_children())
    ]
    assert len(pictures) == 2 * (3 + 2) - 1
    assert figures.enlarged(items) == ("stage 4", "head")
    assert figures.enlarged([item for item in items if item.layer == "head"]) == ("head",)


def test_maps_are_shrunk_by_means_and_never_enlarged() -> None:
    values = np.random.default_rng(0).uniform(0, 1, (40, 80))
    half = resampled(values, 40)
    np.testing.assert_allclose(half, values.reshape(20, 2, 40, 2).mean((1, 3)), rtol=1e-5)
    assert resampled(values, 200).shape == (40, 80)
    assert resampled(np.zeros((4, 4)), 4).min() == np.float32(LOWEST)


@pytest.mark.parametrize(
    ("longest", "length"), [(0.3, 1), (1, 1), (4.9, 2), (5, 5), (99, 50), (100, 100), (341, 200)]
)
def test_scale_bars_are_of_round_lengths(longest: float, length: int) -> None:
    assert scale_length(longest) == length


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 80), (256, 512), (90, 30)])
def test_scale_bars_and_their_labels_are_apart_and_on_the_map(size: tuple[int, int]) -> None:
    figure = figures.overview(maps(sample(size=size, pixel=(5, 5))), ON_PAGE)
    figure.savefig(BytesIO(), dpi="figure")
    checked = 0
    for axes in figure.axes:
        for label in axes.texts:
            frame = label.get_bbox_patch()
            if frame is None or not label.get_text().endswith(" px"):
                continue
            box = frame.get_window_extent()
            bars = [line.get_window_extent() for line in axes.get_lines()]
            assert len(bars) == 2
            assert all(bar.x1 < box.x0 and bar.x0 > axes.bbox.x0 for bar in bars)
            assert box.y0 > axes.bbox.y0
            checked += 1
    assert checked == 2 * (3 + 2)
    assert any("share of the highest value" in text.get_text() for text in figure.texts)


def test_the_difference_of_two_models_is_a_ratio_of_shares() -> None:
    items = maps(sample(layers=("stage 4", "head")))
    (first, second), (head, _) = difference.pairs(items)
    assert [first.subject, second.subject] == ["b0@streets", "deeplab@streets"]
    assert head.layer == "head"
    ratio = difference.log_ratio(first, second, 80)
    np.testing.assert_allclose(ratio, -difference.log_ratio(second, first, 80), atol=1e-6)
    # The second field is wider: lower in the middle, higher far from it.
    assert ratio[20, 40] < 0 < ratio[20, 60]
    assert ratio[20, 40] == pytest.approx(np.log10(second.field.share / first.field.share)[20, 40])
    figure = difference.difference(items, ON_PAGE)
    assert sum(bool(axes.get_images()) for axes in figure.axes) == 2
    # No difference of other numbers of models, sizes or units.
    other = maps(sample(subjects=("deeplab@streets",), size=(40, 40), pixel=(20, 40)[::-1]))
    moved = maps(sample(subjects=("deeplab@streets",), pixel=(20, 41)))
    for few in (items[:2], [*items[:2], *other], [*items[:2], *moved]):
        assert difference.pairs(few) == ()


def test_the_headline_and_the_sections_of_a_report() -> None:
    fields = sample(subjects=("b0@streets", "deeplabv3plus-mobilenetv2@streets"))
    sections = fields.report().sections
    assert [section.short or section.heading for section in sections] == [
        *("Overview", "By radius", "Maps", "Numbers")
    ]
    assert fields.headline == (
        "At the head, half of the field lies in a square of 17 px (9.0 % of the image) for "
        "SegFormer-B0, 27 px (22.8 %) for DeepLabv3+ MobileNetV2."
    )
    (gallery,) = (part for part in sections[2].parts if isinstance(part, Gallery))
    captions = [picture.caption for picture in gallery.groups[0].pictures if picture]
    assert captions[2].startswith("head: 50 % within 17 px, 99 % within")


def test_tables_have_rounded_numbers_and_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = []
    for number in (1, 2):
        row: dict[str, float] = {"radius": 4.6 * number, "anisotropy": 0.25, "angle": -30.0}
        for share in tables.SHARES:
            for prefix in ("", "replknet "):
                row[f"{prefix}side {share}"] = min(2 * share // 3 * 2 + 1, 79)
                row[f"{prefix}area {share}"] = 0.125
        numbers.append(row)
    numbers[1] |= {"angle": np.nan, "replknet side 99": 0}
    monkeypatch.setattr(tables, "field_table", lambda _: pd.DataFrame(numbers))
    items = maps(sample(subjects=("b0",), layers=("stage 4", "head")))
    table = tables.squares_table(items)
    first, second = ([cell.text for cell in row] for row in table.rows)
    assert first == [
        "b0",
        "stage 4",
        "27",
        "12.5",
        "41",
        "12.5",
        "67",
        "12.5",
        "79",
        "12.5",
        "5",
        "0.25",
        "\u221230",
    ]
    assert second[-1] == "\u2013"
    assert [head.text for head in table.groups] == [
        "model",
        "layer",
        "20\u00a0%",
        "30\u00a0%",
        "50\u00a0%",
        "99\u00a0%",
        "radius",
        "anisotropy",
        "angle",
    ]
    assert len(table.numbered_columns()) == 8
    assert [cell.text for cell in tables.replknet_table(items).rows[1]][-2:] == ["\u2013", "\u2013"]


@pytest.mark.slow
def test_curves_name_every_subject() -> None:
    lines = figures.radial(maps(sample()), "head").axes[0].get_lines()
    assert [line.get_color() for line in lines] == [figures.series(n) for n in range(2)]
    page = html.render(sample().report())
    assert re.search(r"var\(--series-2\)\"></span> deeplab@streets", page)


def test_rows_name_the_model_and_if_needed_the_condition() -> None:
    fields = list(sample(subjects=("b0",), layers=("head",)))
    foggy = replace(fields[0], condition="fog 3")
    untrained = {"trained_on": "nothing", "weights": {}}
    random = replace(foggy, choices={**foggy.choices, "model": untrained})
    for chosen, names in (
        (fields, ["b0"]),
        ([foggy], ["b0, fog 3"]),
        ([*fields, foggy], ["b0, clean", "b0, fog 3"]),
        ([random], ["b0 (UNTRAINED), fog 3"]),
    ):
        report = ReceptiveFields(Measurement(tuple(chosen), {}, (), {})).report()
        numbers = report.sections[-1].parts[0]
        assert isinstance(numbers, Table)
        assert [row[0].text for row in numbers.rows] == names
        assert any("UNTRAINED" in stamp for stamp in report.stamps) == ("UNTRAINED" in names[0])


def test_a_field_must_be_a_map_with_a_positive_sum() -> None:
    (field,) = sample(subjects=("b0",), layers=("head",))
    for gradient in (np.zeros((4, 4)), np.ones(4), np.full((4, 4), np.nan)):
        with pytest.raises(ValueError, match=r"field of b0, head: expected \(H, W\), sum above 0"):
            replace(field, gradient=gradient)
