"""`robustseg leaderboard` and `leaderboard check`: rank runs, and check one that is submitted."""

# Annotations are not postponed: `parameters` reads them as objects.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from .. import api
from ..corruptions.checks import did_you_mean
from ..protocol.options import OUTPUT
from ..protocol.parameters import Option
from .command import command
from .console import give, print_table, say

if TYPE_CHECKING:
    from ..leaderboard.board import Leaderboard
    from ..leaderboard.finding import RunCheck

_RANK = "rank"
"""Command that is meant where none is named."""


class _RunsOrCommand(TyperGroup):
    """A group whose arguments may be those of `rank`, without its name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command before arguments that begin with a run or an option."""
        known = {*self.commands, *ctx.help_option_names}
        if (
            args
            and args[0] not in known
            and (Path(args[0]).exists() or not did_you_mean(args[0], self.commands))
        ):
            args = [_RANK, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunsOrCommand,
    help="Rank runs: robustseg leaderboard RUN... --out site. Check one: robustseg leaderboard "
    "check RUN.",
    add_completion=False,
)


@app.command(_RANK)
@command(api.rank_runs, example="robustseg leaderboard results --out site")
def rank(
    board: "Leaderboard",
    *,
    out: Annotated[
        str | Path, Option("Folder of the site.", *(OUTPUT, "DIR"), default="site")
    ] = "site",
) -> None:
    """Write a leaderboard of runs of one protocol: a static site, which needs no server.

    Each run is checked first. Models that the images cannot tell apart share a rank. Runs of other
    suites, pixels, data or classes are refused.
    """
    path = board.write(out)
    rows = [
        (each.shown, str(each.rank), each.family, each.encoder, each.badge)
        for each in board.entries
    ]
    print_table("leaderboard", ("model", "rank", "family", "encoder", "checked"), rows)
    say(f"site: {path}")
    give(lambda: board.tables)


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


@app.command("add")
@command(api.add_entry, example="robustseg leaderboard add results/b0", tables=False)
def add(folder: Path) -> None:
    """Make an entry of a run: its counts without example pictures, and its summary as a table.

    A pull request that adds the folder submits it; its workflow runs leaderboard check.
    """
    size = sum(path.stat().st_size for path in folder.iterdir())
    say(f"entry: {folder}, {size / 1e6:.1f} MB")
