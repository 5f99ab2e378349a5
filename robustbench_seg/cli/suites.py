"""`robustseg suites`: the suites of corruptions and resolutions, and digests of their images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .console import print_table, say

if TYPE_CHECKING:
    from ..protocol.suites import Suite

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
    from ..protocol.suites import load_suite, suite_names

    if digests:
        _print_digests(load_suite(suite), csv)
        return
    if csv:
        raise InputError("--csv: goes with --digests")
    for name in suite_names():
        suite_ = load_suite(name)
        table = suite_.overview()
        rows = table.itertuples(index=False)
        print_table(f"{suite_.name}: {suite_.title}", list(table.columns), rows)


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
