"""Code and commands in Markdown documents."""

from __future__ import annotations

import re
import shlex
from itertools import takewhile

PROGRAM = "robustseg"
_FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:\A|\n\n)((?: {4}.*\n+)+)")
_MODULE = re.compile(r"python -m ((?:docs|tests)[\w.]*)")
_SCRIPT = re.compile(r"\b((?:benchmarks|docs|tests)/\w+\.py)\b")
_SESSIONS = re.compile(r"nox -s ((?:[a-z]\w* ?)+)")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
_INLINE = re.compile(r"`([^`]+)`")


def code_blocks(markdown: str) -> list[str]:
    """Return the fenced and the indented code blocks, without their indentation."""
    fenced = _FENCED.findall(markdown)
    indented = _INDENTED.findall(_FENCED.sub("", markdown))
    return fenced + [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in indented]


def block_commands(markdown: str) -> list[list[str]]:
    """Return the arguments of each `robustseg` command in code blocks, in order."""
    return [command for block in code_blocks(markdown) for command in _commands(block)]


def inline_commands(markdown: str) -> list[list[str]]:
    """Return the arguments of each `robustseg COMMAND` in inline code."""
    text = _INDENTED.sub("\n\n", _FENCED.sub("", markdown))
    spans = (" ".join(span.split()) for span in _INLINE.findall(text))
    return [command for span in spans for command in _commands(span)]


def used_files(markdown: str) -> list[str]:
    """Return the paths of the files of the project that commands run, and of modules."""
    modules = (module.replace(".", "/") + ".py" for module in _MODULE.findall(markdown))
    return [*_SCRIPT.findall(markdown), *modules]


def nox_sessions(markdown: str) -> list[str]:
    """Return the sessions that commands name."""
    return [name for names in _SESSIONS.findall(markdown) for name in names.split()]


def links(markdown: str) -> list[str]:
    """Return the targets of links and pictures within the project."""
    return _LINK.findall(_FENCED.sub("", markdown))


def anchors(markdown: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _FENCED.sub("", markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands(code: str) -> list[list[str]]:
    commands = []
    for line in code.replace("\\\n", " ").splitlines():
        for part in line.split("&&"):
            name, _, rest = part.strip().removeprefix("$ ").partition(" ")
            if name.rpartition("/")[2] == PROGRAM and rest:
                words = shlex.split(rest, comments=True)
                commands.append(list(takewhile(lambda word: word != "|", words)))
    return commands
