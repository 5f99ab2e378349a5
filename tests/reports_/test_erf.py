"""The page and the figures of effective receptive fields, from arrays alone."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import AxesImage
from PIL import Image

from reports.erf import figures as erf_figures
from reports.erf import files as erf_files
from reports.erf.description import SHARES, FieldMap, FieldsReport, replknet_table, squares_table
from reports.erf.maps import LOWEST, ON_PAGE, ON_PAPER, resampled, scale_length

EVIL = '"><script>document.title="broken"</script><b>$x$ {{ 1 }}'


def sample(
    subjects: tuple[str, ...] = ("b0@streets", "deeplab@streets"),
    layers: tuple[str, ...] = ("stage 3", "stage 4", "head"),
    size: tuple[int, int] = (40, 80),
    pixel: tuple[int, int] = (20, 40),
) -> FieldsReport:
    rows, columns = np.indices(size)
    distance = np.hypot(rows - pixel[0], columns - pixel[1])
    names = [(subject, layer) for subject in subjects for layer in layers]
    fields, numbers, radial = [], [], []
    for number, (subject, layer) in enumerate(names, start=1):
        values = np.exp(-distance / (2 * number))
        sides = {share: min(2 * share // 3 * 2 + 1, 79) for share in SHARES}
        fields.append(
            FieldMap(subject, layer, values / values.sum(), pixel, sides, f"map-{number}")
        )
        row: dict[str, float] = {"radius": 4.6 * number, "anisotropy": 0.25, "angle": -30.0}
        for share in SHARES:
            for way in ("", "replknet "):
                row |= {f"{way}side {share}": float(sides[share]), f"{way}area {share}": 0.125}
        numbers.append(row)
        radial.append(
            pd.DataFrame(
                {
                    "subject": subject,
                    "layer": layer,
                    "radius": range(91),
                    "share": 1 - np.exp(-np.arange(91) / number),
                }
            )
        )
    return FieldsReport(
        title="Effective receptive fields",
        subtitle="of models",
        stamps=(),
        notes=("A note.",),
        fields=tuple(fields),
        numbers=pd.DataFrame(
            numbers, index=pd.MultiIndex.from_tuples(names, names=["subject", "layer"])
        ),
        radial=pd.concat(radial, ignore_index=True),
        provenance={"session": {"command": "robustseg erf"}},
    )


class Page(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)


def test_the_page_is_self_contained_and_the_same_each_time() -> None:
    source = erf_files.render(sample())
    assert source == erf_files.render(sample())
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
    # The maps of the overview are in it: three of each model, and two enlarged.
    assert [tag for tag, _ in page.tags].count("image") == 2 * (3 + 2) + 1
    assert [tag for tag, _ in page.tags].count("img") == 6
    assert "#010101" not in source


def test_hostile_names_are_shown_and_never_run() -> None:
    report = sample(subjects=(EVIL,), layers=("head", EVIL))
    report = replace(
        report, title=EVIL, notes=(EVIL,), stamps=(EVIL,), provenance={EVIL: {EVIL: EVIL}}
    )
    page = Page(erf_files.render(report))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "b" not in {tag for tag, _ in page.tags}
    assert page.texts.count(EVIL) >= 6


def test_files_are_written_without_dates(tmp_path: Path) -> None:
    report = sample(subjects=("b0",), layers=("head",))
    page = erf_files.write(report, tmp_path)
    assert page == tmp_path / "report.html"
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    erf_files.write(report, tmp_path)
    assert first == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.name for path in first} == {
        "report.html",
        "overview.png",
        "overview.pdf",
        "overview.svg",
        "map-1.png",
        "map-1.pdf",
    }
    with Image.open(tmp_path / "maps" / "map-1.png") as picture:
        corner = np.asarray(picture.convert("RGB"))[-1, -1]
    assert (corner == 255).all()
    assert "#010101" not in (tmp_path / "overview.svg").read_text()


@pytest.mark.parametrize(
    ("size", "pixel"), [((40, 80), (0, 79)), ((30, 400), (3, 4)), ((90, 30), (45, 15))]
)
def test_overviews_of_any_shape_and_unit(size: tuple[int, int], pixel: tuple[int, int]) -> None:
    report = sample(size=size, pixel=pixel)
    figure = erf_figures.overview(report, ON_PAPER)
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
    single = erf_figures.single(report.fields[0], ON_PAPER)
    assert single.axes[0].get_xlim() == (0, size[1])
    assert single.axes[0].get_ylim() == (size[0], 0)


def test_layers_that_a_model_lacks_are_left_empty() -> None:
    report = sample()
    report = replace(report, fields=report.fields[1:])
    figure = erf_figures.overview(report, ON_PAGE)
    pictures = [
        axes for axes in figure.axes if any(isinstance(c, AxesImage) for c in axes.get_children())
    ]
    assert len(pictures) == 2 * (3 + 2) - 1
    assert erf_figures.enlarged(report) == ("stage 4", "head")
    assert erf_figures.enlarged(replace(report, fields=report.fields[1:2])) == ("head",)


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


def test_tables_read_as_a_reader_does() -> None:
    numbers = sample(subjects=("b0",), layers=("stage 4", "head")).numbers
    numbers.loc[("b0", "head"), "angle"] = np.nan
    numbers.loc[("b0", "head"), "replknet side 99"] = 0
    table = squares_table(numbers)
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
        "20 %",
        "30 %",
        "50 %",
        "99 %",
        "radius",
        "anisotropy",
        "angle",
    ]
    assert len(table.numbered_columns()) == 8
    assert [cell.text for cell in replknet_table(numbers).rows[1]][-2:] == ["\u2013", "\u2013"]


def test_curves_name_every_subject() -> None:
    report = sample()
    lines = erf_figures.radial(report, "head", ON_PAGE).axes[0].get_lines()
    assert [line.get_color() for line in lines] == [erf_figures.series(n) for n in range(2)]
    page = erf_files.render(report)
    assert re.search(r"var\(--series-2\)\"></span> deeplab@streets", page)


def test_a_map_must_have_the_sum_1() -> None:
    with pytest.raises(ValueError, match=r"map of b0, head: expected \(H, W\) of sum 1"):
        FieldMap("b0", "head", np.ones((4, 4)), (2, 2), {}, "map")
