"""LaTeX of a paper kit: the suite table with published rows, and sentences on the method."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ...datasets.registry import written_name
from ...protocol.spec import Spec
from ...reports.formats import latex
from .. import published, tables
from ..citations import benchmark_keys, model_keys
from ..comparison.description import ComparisonData
from ..intervals import IntervalTable
from ..words import count, few, severity_range


def suite_table(comparison: ComparisonData, *, intervals: bool) -> str:
    """Return a float with SegFormer's Table 5, where the suite has its columns, and own rows.

    Published rows, marked with a dagger, come last. It requires booktabs and graphicx.
    """
    own = comparison.suite
    printed = published.segformer_table5(own.value.columns)
    printed = published.marked(printed)
    value = pd.concat([own.value.astype(float), printed.astype(float)])
    table = tables.suite_table(value, comparison.counted)
    if intervals:
        low, high = (end.reindex(value.index) for end in (own.low, own.high))
        table = tables.with_intervals(table, IntervalTable(value, low, high), comparison.covers)
    caption = [comparison.title + ".", table.caption]
    if len(printed):
        caption.append(
            f"{published.DAGGER}: {published.TABLE_5} Its data or protocol may differ from ours."
        )
    caption += [f"{stamp}." for stamp in comparison.stamps]
    return "\n".join(
        [
            "% Requires the packages booktabs and graphicx.",
            "\\begin{table*}[t]",
            "\\centering",
            f"\\caption{{{latex.escape(' '.join(caption))}}}",
            "\\setlength{\\tabcolsep}{3pt}",
            f"\\resizebox{{\\linewidth}}{{!}}{{%\n{latex.tabular(table)}}}",
            "\\end{table*}",
            "",
        ]
    )


def figure(comparison: ComparisonData, spec: Spec, file: str) -> str:
    """Return a float with the figure of severities in `file`, and a caption with the protocol."""
    bands = f" Bands are 95 % intervals {comparison.covers}." if comparison.has_intervals else ""
    sentences = (
        "mIoU against severity by category of corruption, the mean over its corruptions; severity "
        f"0 is clean.{bands} {_protocol(comparison, spec)}"
    )
    caption = " ".join([latex.escape(sentences), *_stamps(comparison)])
    return "\n".join(
        [
            "% Requires the package graphicx.",
            "\\begin{figure*}[t]",
            "\\centering",
            f"\\includegraphics{{{file}}}",
            f"\\caption{{{caption}}}",
            "\\end{figure*}",
            "",
        ]
    )


def methods(comparison: ComparisonData, spec: Spec) -> str:
    """Return sentences on the method, with the keys of `references.bibtex`."""
    models = [
        latex.escape(label) + _cite(model_keys(name))
        for label, name in zip(comparison.models, comparison.model_names, strict=True)
    ]
    lines = [
        f"We evaluate {few(models, len(models))} under corruptions"
        f"{_cite(benchmark_keys(spec.suite.name))}.",
        latex.escape(_protocol(comparison, spec)),
        latex.escape(
            "mIoU is computed from one confusion matrix summed over all frames; the score of a "
            "corruption is its mean over the severities that count, and the suite score the mean "
            "over the corruptions."
        ),
        *_stamps(comparison),
    ]
    return "\n".join(lines) + "\n"


def _protocol(comparison: ComparisonData, spec: Spec) -> str:
    """Return sentences on suite, data, severities, seed and version."""
    number = len(comparison.counted)
    by_range: dict[str, list[str]] = {}
    for pair in comparison.suite.value.columns.to_list():
        category, corruption = str(pair[0]), str(pair[1])
        if category:
            severities = severity_range(comparison.counted[corruption])
            by_range.setdefault(severities, []).append(category)
    counting = "; ".join(
        f"{severities} of {', '.join(dict.fromkeys(categories))}"
        for severities, categories in by_range.items()
    )
    made = spec.versions.get("robustbench-seg", "unknown")
    return (
        f"Protocol: {spec.suite.title}, {count(number, 'corruption')}; severities that count: "
        f"{counting}. Data: {written_name(spec.dataset)}, {spec.split}, "
        f"{count(len(spec.frames), 'frame')}. Seed {spec.seed}, {count(spec.draws, 'draw')}; "
        f"RobustBench-Seg {made}."
    )


def _stamps(comparison: ComparisonData) -> list[str]:
    return [f"\\textbf{{{latex.escape(stamp)}.}}" for stamp in comparison.stamps]


def _cite(chosen: Iterable[str]) -> str:
    cited = ",".join(chosen)
    return f"~\\cite{{{cited}}}" if cited else ""
