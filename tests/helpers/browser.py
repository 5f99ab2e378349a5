"""A headless browser for tests of pages: open one, run a script in it, and return the results.

The browser itself makes no requests, so all requests are those of the page.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import NamedTuple


class Seen(NamedTuple):
    """The page after its scripts, the output of the test's script, and the browser's log."""

    page: str
    said: str
    log: str


def open_page(source: str, folder: Path, script: str = "", *, dark: bool = False) -> Seen:
    """Open a page in chromium; the test needs the marker `browser`.

    `script` adds texts to the list `said`; it runs after the scripts of the page, and may await.
    """
    # In its own block, whose names cannot clash with those of the page.
    ended = "document.body.dataset.said = said.join('|');"
    wrapped = f"<script>(async () => {{ const said = [];\n{script}\n{ended} }})();</script>"
    # The content security policy of the page would block the test's script.
    source = re.sub(r"script-src '[^']+'", "script-src 'unsafe-inline'", source)
    file = folder / "opened.html"
    file.write_text(source.replace("</body>", f"{wrapped}</body>"), "utf-8")
    done = _run(
        folder,
        "--enable-logging=stderr", "--dump-dom",
        "--virtual-time-budget=60000",  # that much is waited for, if anything is awaited
        f"--blink-settings=preferredColorScheme={0 if dark else 1}", file.as_uri(),
    )  # fmt: skip
    said = re.search(r'data-said="([^"]*)"', done.stdout)
    assert said is not None, done.stderr
    return Seen(done.stdout, unescape(said[1]), done.stderr)


def print_page(source: str, folder: Path) -> bytes:
    """Return a page as chromium prints it to PDF; the test needs the marker `browser`."""
    page, printed = folder / "printed.html", folder / "printed.pdf"
    page.write_text(source, "utf-8")
    _run(folder, "--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri())
    return printed.read_bytes()


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = shutil.which("chromium")
    assert path is not None, "mark the test with pytest.mark.browser"
    return subprocess.run(
        [
            path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder / 'profile'}", *arguments,
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
