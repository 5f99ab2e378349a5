"""`robustseg leaderboard` and `leaderboard check`: rank runs, and check one that is submitted."""

# Annotations are not postponed: `parameters` reads them as objects.

from typing import TYPE_CHECKING

import typer

from .. import api
from .command import command
from .console import give, print_table, say

if TYPE_CHECKING:
    from ..leaderboard.finding import RunCheck

app = typer.Typer(
    help="Rank runs of one protocol, or check one: robustseg leaderboard check RUN.",
    add_completion=False,
)


@app.callback()
def _leaderboard() -> None:
    """Rank runs of one protocol, or check one: robustseg leaderboard check RUN."""


@app.command("check")
@command(api.check_run, example="robustseg leaderboard check results/b0")
def check(found: "RunCheck") -> None:
    """Check a run: its digests, counts, frames, suite and tables, and some of its cells again.

    The exit code is 2 if anything is wrong. What could not be checked is named, and is not wrong.
    """
    rows = [(each.check, each.status, each.found) for each in found.findings]
    print_table("run", ("check", "status", "found"), rows)
    say(found.verdict)
    give(lambda: {"checks": found.table})
    if found.wrong:
        raise typer.Exit(2)
