"""Old spellings of commands and options, which work until version 0.3 with a notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

COMMANDS = {"plan": "forecast"}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "eval": {"--conditions": "--copy"},
    "erf": {"--images": "--limit"},
    "forecast": {
        "--images": "--limit",
        "--gpus": "--workers",
        "--classes": "--num-classes",
        "--measure": "--timed",
    },
    "models": {"--classes": "--num-classes", "--measure": "--timed"},
}
"""Command -> old option -> new option."""
VALUES = {"--implementation": {"ours": "native", "reference": "imagecorruptions"}}
"""Option -> old value -> new value."""


def current(arguments: Sequence[str], notice: Callable[[str], None]) -> list[str]:
    """Return a command line in today's spelling, with a notice for each old one."""

    def renamed(old: str, new: str) -> str:
        notice(f"{old}: renamed to {new}; the old name works until 0.3")
        return new

    if not arguments:
        return []
    command, *rest = arguments
    if command in COMMANDS:
        command = renamed(command, COMMANDS[command])
    found = [command]
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*found, word, *rest]
        option, equals, value = word.partition("=")
        if not option.startswith("--"):
            found.append(word)
            continue
        if equals:
            rest.insert(0, value)
        first, second = (*rest, "", "")[:2]
        if new := OPTIONS.get(command, {}).get(option):
            option = renamed(option, new)
        elif (command, option) == ("train", "--frames") and first.isdigit():
            option = renamed(f"--frames {first}", "--limit")  # with a file, it lists frames
        found.append(option)
        if new := VALUES.get(option, {}).get(first):
            renamed(f"{option} {first}", f"{option} {new}")
            rest[0] = new
        elif (command, option) == ("train", "--crop") and first.isdigit() and second.isdigit():
            rest[:2] = [f"{second}x{first}"]
            renamed(f"--crop {first} {second}", f"--crop {rest[0]}")
        elif (command, option) == ("suites", "--csv") and (not first or first.startswith("--")):
            renamed("--csv", "--csv -")
            rest.insert(0, "-")
        elif (command, option) == ("erf", "--size") and len({*first.split("x")}) == 2:
            notice(f"--size {first}: is WIDTHxHEIGHT, as in all commands; it was HEIGHTxWIDTH")
    return found
