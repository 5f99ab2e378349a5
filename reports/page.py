"""A document that shows itself in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document
from .formats import html


@dataclass(frozen=True)
class Page(Document):
    """A document as results return it; a notebook shows it as its HTML page."""

    def _repr_html_(self) -> str:
        return html.notebook(self)
