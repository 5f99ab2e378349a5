"""Pages of the documentation site that are made as it is built: mkdocs calls the functions.

The reference of the command line comes from the commands. CONTRIBUTING.md and CHANGELOG.md stand at
the top of the repository and become pages here.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from rich.text import Text
from typer.main import get_command

from robustbench_seg.cli import app

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\[([^]]+)\]\((?!https?:|#)([^)]+)\)")
"""A link or a picture within the repository."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    pages = {
        "cli.md": command_reference(),
        "contributing.md": page_of(ROOT / "CONTRIBUTING.md"),
        "changelog.md": page_of(ROOT / "CHANGELOG.md"),
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def page_of(document: Path) -> str:
    """Return a document of the repository, with links as seen from docs/.

    What is no page of the site is named without a link.
    """

    def link(match: re.Match[str]) -> str:
        text, target = match.groups()
        pages = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
        if target.startswith("docs/"):
            return f"[{text}]({target.removeprefix('docs/')})"
        return f"[{text}]({pages[target]})" if target in pages else text

    return _LINK.sub(link, document.read_text(encoding="utf-8"))


def command_reference() -> str:
    """Return the page of all commands, in the order of `robustseg --help`."""
    program: Any = get_command(app)
    parts = ["# Command line", "`robustseg COMMAND --help` shows the same."]
    for name, command in program.commands.items():
        parts += _command(f"robustseg {name}", command)
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: Any) -> list[str]:
    """Return the parts of a command's section, and of the commands below it."""
    parts = [f"## {name}", *(_paragraph(text) for text in command.help.split("\n\n"))]
    panels: dict[str, list[Any]] = {}
    for option in command.params:
        panels.setdefault(getattr(option, "rich_help_panel", None) or "", []).append(option)
    for panel, options in panels.items():
        rows = [_row(option) for option in options]
        parts.append(f"| {panel or 'Arguments'} | value | |\n|---|---|---|\n" + "\n".join(rows))
    for word, below in getattr(command, "commands", {}).items():
        parts += _command(f"{name} {word}", below)
    return parts


def _paragraph(text: str) -> str:
    label, _, example = text.partition("Example: ")
    return _text(text) if label else f"```sh\n{example}\n```"


def _row(option: Any) -> str:
    flagged = option.opts[0].startswith("-")
    names = (option.opts[0], option.metavar) if flagged else (option.metavar,)
    first, second = (*(_code(name) for name in names if name and name.strip()), "")[:2]
    meaning = _text(Text.from_markup(option.help or "").plain)
    return f"| {first} | {second} | {meaning} |"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """Return text as HTML in a cell of a table."""
    return escape(text).replace("|", "&#124;").replace("*", "&#42;").replace("_", "&#95;")
