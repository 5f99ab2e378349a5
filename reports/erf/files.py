"""A report of effective receptive fields as files: one HTML page, figures, tables."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from .. import parts
from ..document import split_stamp
from ..style import CSS_VARIABLES, RC
from ..svg import inline_svg
from ..text import encoded
from . import figures
from .description import FieldMap, FieldsReport, replknet_table, squares_table
from .maps import ON_PAGE, ON_PAPER, SAMPLES

PAGE, OVERVIEW, MAPS = "report.html", "overview", "maps"
_DPI = 72 * SAMPLES


@dataclass(frozen=True)
class Picture:
    """A map with its caption, its bytes as a data URI."""

    caption: str
    source: str


def render(report: FieldsReport) -> str:
    """Return the page of a report, which needs no other file. The same report gives equal bytes."""
    script = parts.asset("report.js")
    subjects, layers = ", ".join(report.subjects), ", ".join(report.layers)
    overview = inline_svg(
        figures.overview(report, ON_PAGE),
        "overview",
        f"Maps of effective receptive fields. Rows: {subjects}. Columns: {layers}. The numbers are "
        "in the tables.",
    )
    page = parts.environment().get_template("erf.html")
    return (
        page.render(
            report=report,
            stamps=[split_stamp(stamp) for stamp in report.stamps],
            css=parts.asset("report.css"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            overview=overview,
            squares=parts.table(squares_table(report.numbers), "squares-table"),
            replknet=parts.table(replknet_table(report.numbers), "replknet-table"),
            key=[
                (subject, CSS_VARIABLES[figures.series(number)])
                for number, subject in enumerate(report.subjects)
            ],
            curves=[(layer, _curve(report, layer, number)) for number, layer in _numbered(report)],
            maps=[
                (subject, [_picture(field) for field in report.fields if field.subject == subject])
                for subject in report.subjects
            ],
        )
        + "\n"
    )


def write(report: FieldsReport, folder: Path) -> Path:
    """Write the page, the overview (PNG, PDF, SVG) and each map (PNG, PDF); return the page."""
    (folder / MAPS).mkdir(parents=True, exist_ok=True)
    overview = figures.overview(report, ON_PAPER)
    for suffix in ("png", "pdf", "svg"):
        (folder / f"{OVERVIEW}.{suffix}").write_bytes(_file(overview, suffix))
    for field in report.fields:
        figure = figures.single(field, ON_PAPER)
        for suffix in ("png", "pdf"):
            (folder / MAPS / f"{field.file}.{suffix}").write_bytes(_file(figure, suffix))
    path = folder / PAGE
    path.write_bytes(encoded(render(report)))
    return path


def _numbered(report: FieldsReport) -> list[tuple[int, str]]:
    return list(enumerate(report.layers, start=1))


def _curve(report: FieldsReport, layer: str, number: int) -> Markup:
    label = (
        f"Curves of {layer}: share of the field in percent within a radius in pixels, for "
        f"{', '.join(report.subjects)}."
    )
    return inline_svg(figures.radial(report, layer, ON_PAGE), f"radial-{number}", label)


def _picture(field: FieldMap) -> Picture:
    png = _file(figures.bare(field), "png")
    return Picture(field.layer, "data:image/png;base64," + base64.b64encode(png).decode())


def _file(figure: Figure, suffix: str) -> bytes:
    """Return the bytes of a figure on white paper, which say nothing of when they were made."""
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    buffer = io.BytesIO()
    with rc_context(RC):
        figure.savefig(
            buffer, format=suffix, dpi=_DPI, facecolor="white", metadata=undated.get(suffix)
        )
    return buffer.getvalue()
