"""Figures as SVG, and as elements within a page: self-contained, in its light and dark colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from markupsafe import Markup

from .style import CSS_VARIABLES, GROUND, POINTS, encoded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PAGE_COLORS = {**CSS_VARIABLES, GROUND: "none"}
_HEX = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


class Drawing(NamedTuple):
    """A figure as an SVG file in stand-in colours, and its width in points."""

    svg: str
    width: float

    @property
    def is_wide(self) -> bool:
        """Whether it is too wide, above 800 points, to be shrunk to a narrow page."""
        return self.width > 800


def drawn(figure: Figure) -> Drawing:
    """Return a figure of the settings `RC` as SVG. The same figure gives the same bytes."""
    return Drawing(encoded(figure, "svg").decode(), POINTS * float(figure.get_figwidth()))


def inline_svg(drawing: Drawing, name: str, label: str) -> Markup:
    """Return a figure as an <svg> element with real text, labelled `label` for screen readers.

    Identifiers begin with `name`, which must be unique in the page; stand-in colours become CSS
    variables. A point of the figure is at most a pixel of the page.
    """
    root = ElementTree.fromstring(drawing.svg)
    _drop_metadata_and_style(root)
    used = _references(root)
    for element in root.iter():
        _clean(element, name, used)
    width = root.attrib.pop("width").removesuffix("pt")
    del root.attrib["height"], root.attrib["version"]
    root.attrib.update({"role": "img", "aria-label": label, "style": f"max-width: {width}px"})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _drop_metadata_and_style(root: ElementTree.Element) -> None:
    """Remove the metadata, and the style sheet, which would apply to the whole page."""
    for parent in reversed(list(root.iter())):  # inner ones first, which may leave <defs> empty
        for child in list(parent):
            tag = _local(child.tag)
            if tag in ("metadata", "style") or (tag == "defs" and not len(child)):
                parent.remove(child)


def _references(root: ElementTree.Element) -> set[str]:
    used = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            used.update(_REFERENCE.findall(value))
            if _local(key) == "href":
                used.add(value.removeprefix("#"))
    return used


def _clean(element: ElementTree.Element, name: str, used: set[str]) -> None:
    element.tag = _local(element.tag)
    if element.tag != "text":
        element.text = None
    element.tail = None
    attributes = {_local(key): value for key, value in element.attrib.items()}
    element.attrib.clear()
    for key, value in attributes.items():
        if key == "id":
            if value not in used:
                continue
            value = f"{name}-{value}"
        elif key == "href" and not value.startswith("data:"):
            value = f"#{name}-{value.removeprefix('#')}"
        elif key == "d":
            value = " ".join(value.split())
        elif key == "style":
            value = _page_style(value)
        element.attrib[key] = _REFERENCE.sub(rf"url(#{name}-\1)", value)


def _page_style(style: str) -> str:
    """Return a style without its font, which is the page's, and with the variables of the page."""
    declarations = [part.strip() for part in style.split(";")]
    kept = [part for part in declarations if part and not part.startswith("font-family")]
    return _HEX.sub(lambda match: _PAGE_COLORS.get(match[0], match[0]), "; ".join(kept))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
