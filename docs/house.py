"""Draw the house: the rooms of the project by floor, and which imports which.

    python docs/house.py          # writes docs/house.svg
    python docs/house.py --check  # fails if the picture is out of date

Imports are read from the code. An arrow that follows from others is left out. Needs grimp, which
comes with import-linter.
"""

from __future__ import annotations

import ast
import sys
from html import escape
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from textwrap import wrap

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "house.svg"
PACKAGE = "robustbench_seg"
BESIDE = ("corruptions", "reports")
"""Rooms that stand beside the package in a checkout."""
WIDTH, HEIGHT, GAP, FLOOR = 208, 74, 18, 118
"""Size of a room, distance between rooms, and height of a floor, in pixels."""

Rooms = dict[str, set[str]]
"""Room -> the rooms that it imports."""


def main() -> None:
    """Write the picture, or compare it with the one that is there."""
    drawing = draw(reduced(imports()))
    if "--check" not in sys.argv:
        PICTURE.write_text(drawing, encoding="utf-8")
    elif not PICTURE.is_file() or PICTURE.read_text(encoding="utf-8") != drawing:
        sys.exit("docs/house.svg is out of date; run python docs/house.py")


def imports() -> Rooms:
    """Return which rooms import which, `TYPE_CHECKING` left out."""
    with TemporaryDirectory() as installed:
        copytree(ROOT / PACKAGE, Path(installed) / PACKAGE)
        for beside in BESIDE:  # as a wheel has them
            copytree(ROOT / beside, Path(installed) / PACKAGE / beside)
        sys.path.insert(0, installed)
        graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    rooms: Rooms = {}
    for module in sorted(graph.modules):
        room = room_of(module)
        if room is not None:
            imported = map(room_of, graph.find_modules_directly_imported_by(module))
            rooms.setdefault(room, set()).update(each for each in imported if each and each != room)
    return rooms


def room_of(module: str) -> str | None:
    """Return the room of a module: a folder, or `api`; None for the small modules beside them."""
    parts = module.split(".")
    is_room = len(parts) > 1 and ((folder(parts[1])).is_dir() or parts[1] == "api")
    return parts[1] if is_room else None


def folder(room: str) -> Path:
    """Return the folder of a room."""
    return ROOT / room if room in BESIDE else ROOT / PACKAGE / room


def reduced(rooms: Rooms) -> Rooms:
    """Leave out each arrow that a longer way implies."""

    def reachable(room: str) -> set[str]:
        return rooms[room].union(*(reachable(other) for other in rooms[room]))

    return {
        room: {
            other
            for other in others
            if not any(other in reachable(between) for between in others - {other})
        }
        for room, others in rooms.items()
    }


def floors(rooms: Rooms) -> list[list[str]]:
    """Return the rooms by floor, top first: each stands above all that it imports."""
    height: dict[str, int] = {}

    def level(room: str) -> int:
        if room not in height:
            height[room] = 1 + max(map(level, rooms[room]), default=0)
        return height[room]

    top = max(map(level, rooms))
    return [[room for room in sorted(rooms) if height[room] == at] for at in range(top, 0, -1)]


def draw(rooms: Rooms) -> str:
    """Return the picture as SVG."""
    levels = floors(rooms)
    widest = max(map(len, levels))
    total = widest * (WIDTH + GAP) + GAP, len(levels) * FLOOR + GAP
    places: dict[str, tuple[float, float]] = {}
    for row, level in enumerate(levels):
        left = (total[0] - len(level) * (WIDTH + GAP) + GAP) / 2
        for column, room in enumerate(level):
            places[room] = left + column * (WIDTH + GAP), GAP + row * FLOOR
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" '
        'font-family="system-ui, sans-serif" role="img" aria-label="Rooms by floor; arrows point '
        'to what a room imports">',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#5a636e"/></marker></defs>',
        f'<rect width="{total[0]}" height="{total[1]}" fill="#ffffff"/>',
    ]
    for room, others in rooms.items():
        x, y = places[room]
        for other in sorted(others):
            at_x, at_y = places[other]
            start, end = (x + WIDTH / 2, y + HEIGHT), (at_x + WIDTH / 2, at_y)
            bend = (end[1] - start[1]) / 2
            parts.append(
                f'<path d="M{start[0]:g} {start[1]:g}C{start[0]:g} {start[1] + bend:g} {end[0]:g} '
                f'{end[1] - bend:g} {end[0]:g} {end[1]:g}" fill="none" stroke="#5a636e" '
                'stroke-opacity="0.7" marker-end="url(#head)"/>'
            )
    for room, (x, y) in places.items():
        fill = "#e8f1ee" if room in BESIDE else "#eef1f6"
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{fill}" '
            'stroke="#c9ced4"/>'
            f'<text x="{x + 10:g}" y="{y + 20:g}" font-size="14" font-weight="600" '
            f'fill="#1a1e23">{escape(room)}</text>'
        )
        for line, words in enumerate(wrap(purpose(room), 33)[:3]):
            parts.append(
                f'<text x="{x + 10:g}" y="{y + 36 + 13 * line:g}" font-size="10.5" '
                f'fill="#5a636e">{escape(words)}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def purpose(room: str) -> str:
    """Return the first sentence of a room's docstring, without the full stop."""
    path = folder(room) / "__init__.py"
    text = path if path.is_file() else ROOT / PACKAGE / f"{room}.py"
    documented = ast.get_docstring(ast.parse(text.read_text(encoding="utf-8"))) or ""
    return documented.split("\n")[0].rstrip(".").replace("`", "")


if __name__ == "__main__":
    main()
