"""Pages in a browser: hostile names, sorting, filtering, tooltips, notebooks."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from pypdf import PdfReader

from robustbench_seg.reports.document import Section
from robustbench_seg.reports.formats import html
from robustbench_seg.reports.table import Cell, Head, Table
from tests.helpers.browser import open_page, print_page
from tests.helpers.every_part import every_part
from tests.helpers.parsed_page import EVIL
from tests.helpers.sample_comparison import sample_comparison
from tests.helpers.sample_report import run_tables, sample_document

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hostile() -> str:
    """Return a page whose names are all markup."""
    comparison = sample_comparison(
        ("b0", EVIL, "b2", "b3"),
        classes=(EVIL, "person"),
        title=EVIL,
        frame=EVIL,
        stamps=(EVIL,),
        text=EVIL,
    )
    return html.render(
        replace(
            comparison,
            notes=(EVIL,),
            reference=EVIL,
            covers=EVIL,
            provenance={EVIL: {EVIL: EVIL}},
            published_note=EVIL,
        ).report()
    )


@pytest.mark.slow
def test_hostile_names_are_shown_and_never_run(hostile: str, tmp_path: Path) -> None:
    seen = open_page(
        hostile,
        tmp_path,
        """
        said.push(document.scripts.length, document.querySelectorAll("b").length);
        said.push(document.querySelector("h1").textContent);
        const asked = performance.getEntriesByType("resource").map((entry) => entry.name);
        said.push(asked.filter((name) => !name.startsWith("data:")).length);
        """,
    )
    assert seen.said == f"2|0|{EVIL}|0"  # the page's script and that of this test
    assert "<title>broken" not in seen.page
    assert "CONSOLE" not in seen.log


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_violation(dark: bool, tmp_path: Path) -> None:
    linter = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    for number, document in enumerate((every_part(), sample_comparison().report())):
        folder = tmp_path / str(number)
        folder.mkdir()
        seen = open_page(
            html.render(document),
            folder,
            f"""{linter}
            for (const fold of document.querySelectorAll("details")) fold.open = true;
            said.push(matchMedia("(prefers-color-scheme: dark)").matches);
            const found = await axe.run(document);
            for (const each of found.violations) said.push(each.id, each.nodes[0].html);
            """,
            dark=dark,
        )
        assert seen.said == str(dark).lower()


def test_a_listing_is_saved_under_its_name(tmp_path: Path) -> None:
    seen = open_page(
        html.render(every_part()),
        tmp_path,
        """
        const saved = [];
        URL.createObjectURL = (blob) => { saved.push(blob.text()); return "#"; };
        HTMLAnchorElement.prototype.click = function () { said.push(this.download); };
        document.querySelector(".listing button").click();
        said.push(await saved[0]);
        """,
    )
    assert seen.said == "names.txt|``` b0\nsecond line\n"


@pytest.mark.slow
def test_a_printed_table_repeats_its_headings(tmp_path: Path) -> None:
    models = tuple(f"model {number}" for number in range(14))
    pdf = print_page(html.render(sample_document(models)), tmp_path)
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]
    rows = [page for page in pages if "motion blur 1\u20133" in page]
    assert len(rows) > 1
    assert all("corruption severities that count" in page for page in rows)


@pytest.mark.slow
def test_a_click_on_a_heading_sorts(tmp_path: Path) -> None:
    tables = run_tables(("b0", EVIL, "b2"))
    tables["suite"].loc["b0", [("weather", "fog")]] = math.nan
    seen = open_page(
        html.render(sample_document(("b0", EVIL, "b2"), tables=tables)),
        tmp_path,
        """
        const rows = () => Array.from(document.querySelectorAll("#suite-table tbody th"),
                                      (cell) => cell.textContent.slice(0, 2));
        const head = document.querySelector("#suite-table th[data-column='4']");
        said.push(head.textContent);
        for (let click = 0; click < 2; click += 1) {
          head.querySelector("button").click();
          said.push(head.getAttribute("aria-sort"), ...rows());
        }
        """,
    )
    assert seen.said == 'fog1\u20133|descending|">|b2|b0|ascending|b2|">|b0'
    assert "<title>a suite on streets (val)</title>" in seen.page
    assert "CONSOLE" not in seen.log


@pytest.mark.slow
def test_a_link_shows_a_row_that_a_filter_hides(tmp_path: Path) -> None:
    names = (Cell("b0", link="#row-b2"), Cell("b2", name="row-b2"))
    table = Table("Names.", (Head("model"),), tuple((name,) for name in names), filters=(0,))
    seen = open_page(
        html.render(replace(every_part(), sections=(Section("Names", (table,)),))),
        tmp_path,
        """
        const [box, choice] = document.querySelectorAll("input[type=search], .filter select");
        const row = document.getElementById("row-b2");
        choice.value = "b0";
        choice.dispatchEvent(new Event("change"));
        said.push(row.hidden);
        const led = new Promise((done) => window.addEventListener("hashchange", done));
        document.querySelector("a[href='#row-b2']").click();
        await led;
        said.push(row.hidden, row.matches(":target"), choice.value);
        """,
    )
    assert seen.said == "true|false|true|"


def test_rows_can_be_sorted_and_filtered(hostile: str, tmp_path: Path) -> None:
    seen = open_page(
        hostile,
        tmp_path,
        """
        const table = document.querySelector("#by-class-table-1");
        const box = document.querySelector("input[aria-controls='by-class-table-1']");
        const rows = () => Array.from(table.tBodies[0].rows).filter((row) => !row.hidden);
        const shown = () => rows().map((row) => row.cells[0].textContent.slice(0, 2)
          + row.cells[1].textContent.slice(0, 1)).join(" ");
        const type = (text) => { box.value = text; box.dispatchEvent(new Event("input")); };
        const repeats = () => rows().map((row) => Number(row.cells[0].className === "again"));
        said.push(document.querySelectorAll(".filter").length, rows().length);
        said.push(repeats().join(""));
        type("HUMAN b");
        said.push(shown(), box.parentElement.querySelector("[role=status]").textContent);
        const head = table.querySelector("th[data-column='3'] button");
        type("b2");
        said.push(shown());
        head.click();
        said.push(head.closest("th").getAttribute("aria-sort"), shown());
        head.click();
        said.push(shown());
        type("nobody");
        said.push(box.parentElement.querySelector("[role=status]").textContent);
        type("");
        said.push(rows().length);
        """,
    )
    boxes, rows, repeats, human, status, b2, order, falling, rising, nobody, every = (
        seen.said.split("|")
    )
    assert repeats == "01010101"
    assert nobody == " no row matches"
    assert (rows, status, every) == ("8", " 4 of 8", "8")
    assert int(boxes) >= 1
    assert human == 'b0p ">p b2p b3p'
    assert b2 == 'b2p b2"'
    assert order == "descending"
    assert falling == 'b2" b2p'
    assert rising == 'b2p b2"'
    assert "CONSOLE" not in seen.log


@pytest.mark.slow
def test_tooltips_of_headings_appear_on_keyboard_focus(hostile: str, tmp_path: Path) -> None:
    seen = open_page(
        hostile,
        tmp_path,
        """
        const tip = document.getElementById("tip");
        const head = document.querySelector("#summary-table-1 th[data-column='1'] button");
        said.push(tip.hidden);
        head.focus();
        said.push(tip.hidden, tip.textContent, head.getAttribute("aria-describedby"));
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
        said.push(tip.hidden);
        """,
    )
    assert seen.said == "true|false|on the unchanged images|tip|true"


@pytest.mark.slow
def test_tables_can_be_saved_as_they_are_shown(tmp_path: Path) -> None:
    names = ("b0", '=A1("x")_{%}', "b2")
    seen = open_page(
        html.render(sample_document(names)),
        tmp_path,
        """
        const table = document.querySelector("#suite-table");
        table.querySelector("th[data-column='0'] button").click();
        table.tBodies[0].rows[1].hidden = true;
        const tools = Array.from(table.closest(".scroll").previousElementSibling.children);
        said.push(tools.map((tool) => tool.textContent).join(" "));
        said.push(asCsv(table).trim().split("\\r\\n").map((line) => line.slice(0, 27)).join("/"));
        const latex = asLatex(table).split("\\n").slice(1, 6);
        said.push(latex.map((line) => line.slice(0, 28)).join("/"));
        """,
    )
    tools, csv, latex = seen.said.split("|")
    assert tools == "CSV LaTeX"
    head, renamed, last = csv.split("/")
    assert head == '"model","clean","blur motio'
    assert renamed == '"\'=A1(""x"")_{%}","71.0","5'
    assert last.startswith('"b2","61.0",')
    rules = latex.split("/")
    assert rules[0].startswith(r"\begin{tabular}{lrrr")
    assert rules[1] == r"\toprule"
    assert rules[4].startswith(r'=A1("x")\_\{\%\} & 71.0')
    assert "CONSOLE" not in seen.log


@pytest.mark.slow
def test_enlarged_pictures_keep_their_caption_and_step(tmp_path: Path) -> None:
    seen = open_page(
        html.render(sample_document(image="frame-1")),
        tmp_path,
        """
        const boxes = Array.from(document.querySelectorAll(".zoom"));
        const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key }));
        const open = () => boxes.findIndex((box) => box.checked);
        press("ArrowRight");
        said.push(boxes.length > 1, open());
        boxes[0].checked = true;
        const caption = boxes[0].closest("figure").querySelector("figcaption");
        said.push(getComputedStyle(caption).position);
        said.push(getComputedStyle(caption.querySelector(".subject")).display);
        press("ArrowRight");
        said.push(open(), getComputedStyle(caption).position);
        press("ArrowLeft");
        press("ArrowLeft");
        said.push(open() === boxes.length - 1);
        press("Escape");
        said.push(open());
        """,
    )
    assert seen.said == "true|-1|fixed|inline|1|static|true|-1"
    assert "CONSOLE" not in seen.log


def test_a_notebook_and_its_page_cannot_reach_each_other(tmp_path: Path) -> None:
    frame = html.Page(**vars(every_part()))._repr_html_()
    seen = open_page(
        f"<!doctype html><html><body><table class=sortable></table>{frame}</body></html>",
        tmp_path,
        """
        const frame = document.querySelector("iframe");
        said.push(frame.contentDocument === null, frame.srcdoc.startsWith("<!doctype html>"));
        said.push(document.querySelectorAll("style, .tip, script").length);
        """,
    )
    assert seen.said == "true|true|1"  # the script of the test
    assert "CONSOLE" not in seen.log
