"""`robustseg suites`: the suites of corruptions and resolutions, and digests of their images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..protocol.suites.corruption import Suite, load_suite, suite_names
from .console import print_table, say

if TYPE_CHECKING:
    from ..protocol.suites.resolution import ResolutionSuite

_SHOWN = 16
"""Digits of a digest in a table, which are enough to compare by eye."""


def suites(
    digests: Annotated[
        bool,
        typer.Option(
            "--digests",
            help="Print the SHA-256 of each image that a suite makes of one street scene instead: "
            "who sees the same digests evaluates the same pixels.",
        ),
    ] = False,
    suite: Annotated[
        str, typer.Option(help="With --digests: a suite's name, or a TOML file.")
    ] = "cityscapes-c",
    csv: Annotated[
        bool, typer.Option("--csv", help="With --digests: print CSV, with whole digests.")
    ] = False,
) -> None:
    """List the suites: corruptions and the severities that count, or resolutions."""
    if digests:
        _print_digests(load_suite(suite), csv)
        return
    if csv:
        raise InputError("--csv: goes with --digests")
    from ..protocol.suites.files import RESOLUTION_SUITES, find_suite

    for name in (*suite_names(), *RESOLUTION_SUITES):
        found = find_suite(name)
        if isinstance(found, Suite):
            _print_suite(found)
        else:
            _print_resolutions(found)


def _print_suite(suite: Suite) -> None:
    rows = [
        (
            category,
            ", ".join(c.corruption for c in suite.columns if c.category == category),
            _range(next(c.counted for c in suite.columns if c.category == category)),
        )
        for category in suite.categories
    ]
    print_table(f"{suite.name}: {suite.title}", ("category", "corruptions", "counted"), rows)


def _print_resolutions(suite: ResolutionSuite) -> None:
    values = ", ".join(f"{value:g}" for value in suite.values)
    windows = ", ".join(window.name for window in suite.windows) or "the model's own"
    columns = (f"{suite.unit}s", "windows", "changes against")
    print_table(f"{suite.name}: {suite.title}", columns, [(values, windows, suite.against)])


def _print_digests(suite: Suite, csv: bool) -> None:
    from ..copies.digests import suite_digests, total_digest

    found = suite_digests(suite)
    if csv:
        say("corruption,severity,sha256")
        for each in found:
            say(f"{each.corruption},{each.severity},{each.sha256}")
        return
    rows = [(each.corruption, str(each.severity), each.sha256[:_SHOWN]) for each in found]
    title = f"{suite.name}: scene 0 of streets val, 512x256, seed 0"
    print_table(title, ("corruption", "severity", "SHA-256"), rows)
    say(f"all {len(found)}: {total_digest(found)}")


def _range(severities: tuple[int, ...]) -> str:
    return f"{severities[0]}-{severities[-1]}"
