"""Pages and their parts: self-contained, escaped, reproducible and accessible."""

from __future__ import annotations

import base64
import hashlib
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from robustbench_seg import reports
from robustbench_seg.reporting.sections import summary
from robustbench_seg.reports.document import Cards, Gallery, Picture
from robustbench_seg.reports.formats import html
from robustbench_seg.reports.style import contrast
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.parsed_page import EVIL, Page
from tests.helpers.paths import ROOT
from tests.helpers.sample_report import run_tables, sample_document, sample_report, summary_frame


def test_hostile_names_are_shown_and_never_run() -> None:
    document = sample_document(
        models=(EVIL, "b1"),
        title=EVIL,
        image=EVIL,
        note=EVIL,
        classes=(EVIL, "sky"),
        stamps=(EVIL,),
    )
    document = replace(document, provenance={EVIL: {EVIL: EVIL}})
    page = Page(html.render(document))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "b" not in {tag for tag, _ in page.tags}
    assert page.texts.count(EVIL) >= 6
    assert any(EVIL in label for label in page.values("aria-label"))


@pytest.mark.slow
def test_two_renders_have_the_same_bytes_in_any_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.helpers.sample_report import sample_document; "
        "from robustbench_seg.reports.formats import html; "
        "sys.stdout.buffer.write(html.render(sample_document()).encode())"
    )
    command = [sys.executable, "-c", code, str(ROOT)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    assert html.render(sample_document()).encode() == other


def test_pages_load_no_other_file() -> None:
    source = html.render(sample_document(("b0", "b1")))
    page = Page(source)
    loaded = page.values("src") + page.values("href") + page.values("xlink:href")
    assert loaded
    assert all(address.startswith(("data:", "#")) for address in loaded)
    assert not re.search(r"url\((?!#)|@import|https?://", source)
    assert not {"link", "iframe", "object"} & {t for t, a in page.tags if a.get("rel") != "icon"}


def test_only_the_script_of_the_page_may_run() -> None:
    source = html.render(sample_document())
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = next(text for text in Page(source).values("content") if "default-src" in text)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; ")
    assert f"; script-src 'sha256-{digest}';" in policy


def test_headings_descend_by_one_and_identifiers_are_unique() -> None:
    page = Page(html.render(sample_document(("b0", "b1"))))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = page.values("id")
    assert len(names) == len(set(names))
    targets = [address[1:] for address in page.values("href") if address.startswith("#")]
    targets += page.values("aria-labelledby")
    assert set(targets) <= set(names)


def test_tables_and_pictures_are_labelled_for_screen_readers() -> None:
    page = Page(html.render(sample_document()))
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == sum(tag == "caption" for tag, _ in page.tags) > 0
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    drawings = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(drawings) == 3
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in drawings)


def test_stamps_are_in_the_title_and_on_every_section_of_results() -> None:
    source = html.render(sample_document(stamps=("UNTRAINED: random weights", "PARTIAL: 1 of 2")))
    assert "<title>UNTRAINED · PARTIAL · a suite on streets (val)</title>" in source
    assert source.count('<span class="chip">UNTRAINED</span>') == 5
    assert "<strong>PARTIAL</strong> <span>1 of 2</span>" in source
    assert 'class="stamps"' not in html.render(sample_document())


def test_a_partial_run_says_what_was_not_measured() -> None:
    tables = run_tables()
    tables["summary"].loc["b0", ["suite score", "retention"]] = math.nan
    tables["severities"].iloc[0] = math.nan
    source = html.render(sample_document(tables=tables))
    # Two on the card, two in the table, three severities.
    assert source.count('<abbr title="not measured">\u2013</abbr>') == 7
    assert ">nan<" not in source.lower()


def test_a_run_without_any_number_is_still_a_page() -> None:
    names = ("summary", "suite", "severities", "classes")
    empty = {name: table * math.nan for name, table in run_tables().items() if name in names}
    document = sample_document(tables=empty, pictures={})
    source = html.render(replace(document, notes=()))
    assert not re.search(r"\bnan\b", source, re.IGNORECASE)
    assert 'id="examples"' not in source


@pytest.mark.slow
def test_eight_models_stay_small(tmp_path: Path) -> None:
    document = sample_document(tuple(f"model-{number}" for number in range(8)))
    (path,) = reports.write(document, tmp_path / "new", ["html"])
    assert path == tmp_path / "new" / "report.html"
    assert path.read_bytes().endswith(b"</html>\n")
    assert path.stat().st_size < 1_000_000


def test_a_gallery_refuses_what_does_not_fit() -> None:
    for color in ("red", "#12345", "#804080; background: url(x)"):
        with pytest.raises(ValueError, match=f"colour {re.escape(repr(color))} of class 'road'"):
            Gallery((), (("road", color),))
    with pytest.raises(ValueError, match=r"picture 'input' is not a PNG file"):
        Picture("input", b"GIF89a")


def _palettes() -> dict[str, dict[str, str]]:
    css = (Path(reports.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): ([^;]+);", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    )
    return {"light": light, "dark": {**light, **dark}}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_of_aa(scheme: str) -> None:
    colors = _palettes()[scheme]
    series = [f"series-{number}" for number in range(1, 9)]
    for ink in ("ink", "muted", "accent", "alert", *series):
        assert contrast(colors[ink], colors["page"]) >= 4.5, ink
    for ink in ("ink", "muted"):
        assert contrast(colors[ink], colors["raised"]) >= 4.5, ink
    assert contrast(colors["on-alert"], colors["alert"]) >= 4.5
    page = [int(colors["page"][at : at + 2], 16) for at in (1, 3, 5)]
    deepest = [
        round((below + int(shade)) / 2)
        for below, shade in zip(page, colors["shade-rgb"].split(), strict=True)
    ]
    assert contrast(colors["ink"], "#{:02x}{:02x}{:02x}".format(*deepest)) >= 4.5


def cards(**tables: pd.DataFrame) -> Cards:
    """Return the cards of a report with these tables."""
    section = summary(sample_report(tables=tables))
    assert section is not None
    (found,) = (part for part in section.parts if isinstance(part, Cards))
    return found


def test_names_are_escaped_throughout_a_table() -> None:
    evil = '<script>alert("x")</script>'
    table = Table(
        caption=evil,
        columns=(Head(evil, small=evil, tooltip=evil), Head("number")),
        rows=((Cell(evil), Cell(evil, tooltip=evil)),),
    )
    markup = html.table(table, "evil")
    assert "<script" not in markup
    assert markup.count("alert(&#34;x&#34;)") == 7


def test_a_line_may_break_after_separators_only() -> None:
    assert html.breakable("espnet@a/b_2") == "espnet@<wbr>a/<wbr>b_<wbr>2"
    assert html.breakable("<b>_") == "&lt;b&gt;_"
    assert html.breakable("a&b_c") == "a&amp;b_<wbr>c"


def test_a_card_has_the_columns_of_the_summary() -> None:
    (card,) = cards(summary=summary_frame().drop(columns=["mPC", "weather"])).cards
    assert [label for label, _ in card.headline] == ["clean mIoU", "suite score", "retention"]
    assert [label for label, _ in card.bars] == ["blur"]
    assert [label for label, _ in card.further] == ["rPC", "pixel accuracy"]
