"""A page taken apart by the parser of the standard library, and a name that tries to break it."""

from __future__ import annotations

from html.parser import HTMLParser

EVIL = '"><script>document.title="broken"</script><b>$x$ {{ 1 }}'


class Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        """Return all values of an attribute."""
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]
