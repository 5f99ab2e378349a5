r"""A document as a complete LaTeX file, with booktabs tables to copy into a paper.

It requires array, booktabs, float, graphicx and longtable, and pdfLaTeX or newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..document import Document, Section, one_line, split_stamp, unfolded
from ..table import MOST_LEVEL, Blocks, Table, in_blocks

_PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[a4paper, margin=20mm]{geometry}
\usepackage{array}
\usepackage{booktabs}
\usepackage{float}
\usepackage{graphicx}
\usepackage{longtable}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em}
% A table is scaled down to the width of the text where it is wider.
\newsavebox{\reporttable}
\newcommand{\fitted}{%
  \ifdim\wd\reporttable>\linewidth
    \resizebox{\linewidth}{!}{\usebox{\reporttable}}%
  \else
    \usebox{\reporttable}%
  \fi}
\begin{document}
\sloppy"""

_LONGEST = 45
"""Tables of more rows break across pages."""

_LONGEST_TEXT = 60
"""Columns with a text of more characters break their lines."""

_MARKS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-}",
    "[": r"{[}",
    "]": r"{]}",
    "\u2020": r"\textdagger{}",
    "\u2013": r"\textendash{}",
    "\u2014": r"\textemdash{}",
    "\u2018": r"\textquoteleft{}",
    "\u2019": r"\textquoteright{}",
    "\u201c": r"\textquotedblleft{}",
    "\u201d": r"\textquotedblright{}",
    "\u2212": r"\textminus{}",
    "\u00a0": r"\nobreakspace{}",
    "\u00b0": r"\textdegree{}",
    "\u00b1": r"\textpm{}",
    "\u00b7": r"\textperiodcentered{}",
    "\u00d7": r"\texttimes{}",
}


def render(document: Document) -> str:
    """Return a document as LaTeX. The same document gives the same bytes."""
    blocks = [_PREAMBLE, *_blocks(document), r"\end{document}"]
    return "\n\n".join(blocks) + "\n"


def table(description: Table) -> str:
    """Return a table: a float, or a longtable if it has many rows."""
    layout = in_blocks(description)
    form = _form(layout)
    caption = f"\\caption{{{escape(description.caption)}}}"
    heads = ["\\toprule", *_heads(layout), "\\midrule"]
    rows = list(_rows(layout))
    if len(rows) > _LONGEST:
        return "\n".join(
            [
                f"\\begin{{longtable}}{{{form}}}",
                f"{caption} \\\\",
                *heads,
                "\\endfirsthead",
                *heads,
                "\\endhead",
                "\\bottomrule",
                "\\endfoot",
                *rows,
                "\\end{longtable}",
            ]
        )
    return "\n".join(
        [
            "\\begin{table}[H]",
            "\\centering",
            caption,
            *(["\\setlength{\\tabcolsep}{3pt}"] if layout.columns > MOST_LEVEL else []),
            "\\begin{lrbox}{\\reporttable}",
            *_tabular(layout),
            "\\end{lrbox}",
            "\\fitted",
            "\\end{table}",
        ]
    )


def tabular(description: Table) -> str:
    """Return the bare tabular of a table, for a float of the reader's own; requires booktabs."""
    return "\n".join(_tabular(in_blocks(description)))


def _tabular(layout: Blocks) -> list[str]:
    return [
        f"\\begin{{tabular}}{{{_form(layout)}}}",
        "\\toprule",
        *_heads(layout),
        "\\midrule",
        *_rows(layout),
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _form(layout: Blocks) -> str:
    """Return the column specification; columns of long texts share four fifths of the width."""
    rows = [row for _, members in layout.blocks for row in members]
    long = [
        any(len(row[column].text) > _LONGEST_TEXT for row in rows)
        for column in range(layout.columns)
    ]
    form = ["l"] * layout.stub + ["r"] * (layout.columns - layout.stub)
    share = f">{{\\raggedright\\arraybackslash}}p{{{0.8 / max(1, sum(long)):.2f}\\linewidth}}"
    return "".join(share if breaks else kind for breaks, kind in zip(long, form, strict=True))


def escape(text: str) -> str:
    """Escape a text; characters that the fonts lack become [U+4E2D]."""
    return "".join(_mark(mark) for mark in one_line(text))


def _mark(mark: str) -> str:
    if mark in _MARKS:
        return _MARKS[mark]
    # Letters of Latin-1; its other signs need commands, if the fonts have them at all.
    if mark.isascii() or (mark <= "\u00ff" and mark.isalpha() and mark not in "\u00aa\u00b5\u00ba"):
        return mark
    return f"{{[}}U+{ord(mark):04X}{{]}}"


def _blocks(document: Document) -> Iterator[str]:
    yield f"\\section*{{{escape(document.title)}}}"
    if document.stamps:
        lines = " \\par\n".join(
            f"\\textbf{{{escape(word)}}} {escape(rest)}"
            for word, rest in map(split_stamp, document.stamps)
        )
        yield f"\\fbox{{\\parbox{{0.97\\linewidth}}{{{lines}}}}}"
    if document.headline:
        yield f"\\textbf{{{escape(document.headline)}}}"
    yield escape(document.subtitle)
    first, *others = document.sections
    yield from _section(first)
    if document.notes:
        yield "\\subsection*{Notes}"
        yield _list(escape(note) for note in document.notes)
    yield "\\subsection*{What the numbers mean}"
    yield _list(f"\\textbf{{{escape(term)}}} {escape(text)}" for term, text in document.meanings)
    for section in others:
        yield from _section(section)
    yield "\\clearpage"
    yield "\\subsection*{Provenance}"
    for heading, entries in document.provenance.items():
        yield f"\\subsubsection*{{{escape(heading)}}}"
        yield _list(
            f"{escape(key)}: \\texttt{{{breakable(value)}}}" for key, value in entries.items()
        )


def breakable(text: str) -> str:
    """Escape a text, and let lines break within long words such as digests."""
    return " ".join(
        "\\allowbreak{}".join(escape(part) for part in re.findall(".{1,8}", word))
        for word in one_line(text).split(" ")
    )


def _list(items: Iterable[str]) -> str:
    lines = [f"  \\item {{}}{item}" for item in items]
    return "\n".join(["\\begin{itemize}", *lines, "\\end{itemize}"]) if lines else ""


def _section(section: Section) -> Iterator[str]:
    texts = [part for part in unfolded(section.parts) if isinstance(part, str | Table)]
    if not texts:
        return
    yield f"\\subsection*{{{escape(section.heading)}}}"
    for part in texts:
        yield escape(part) if isinstance(part, str) else table(part)


def _heads(layout: Blocks) -> list[str]:
    """Return the rows of headings, with rules below those that span others."""
    upright = layout.columns > MOST_LEVEL
    names = [""] * layout.columns
    above, rules = [], []
    for place in (place for row in layout.heads for place in row):
        first, last = place.column + 1, place.column + place.head.span
        words = escape(place.head.text)
        if place.head.small:
            words += f" {{\\scriptsize {escape(place.head.small)}}}"
        if place.above:
            above.append(f"\\multicolumn{{{place.head.span}}}{{c}}{{{words}}}")
            rules.append(f"\\cmidrule(lr){{{first}-{last}}}")
            continue
        if place.height == 2:
            above.append("")
        turned = upright and place.column >= layout.stub
        names[place.column] = f"\\rotatebox{{90}}{{{words}}}" if turned else words
    return [_cells(above), " ".join(rules), _cells(names)] if above else [_cells(names)]


def _rows(layout: Blocks) -> Iterator[str]:
    for number, (name, rows) in enumerate(layout.blocks):
        if name is not None:
            if number:
                yield "\\addlinespace"
            # The star keeps the name on the page of its first row.
            yield f"\\multicolumn{{{layout.columns}}}{{l}}{{\\textbf{{{escape(name)}}}}} \\\\*"
        for row in rows:
            line = _cells(
                f"\\textbf{{{escape(cell.text)}}}" if cell.best else escape(cell.text)
                for cell in row
            )
            if not any(cell.interval for cell in row):
                yield line
                continue
            # The star keeps intervals, a line apart, on the page of their numbers.
            yield f"{line}*"
            yield _cells(
                f"{{\\scriptsize {escape(cell.interval)}}}" if cell.interval else "" for cell in row
            )


def _cells(texts: Iterable[str]) -> str:
    return " & ".join(texts) + " \\\\"
