"""A pickle that runs code, for tests that readers of weights do not run it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


class Harm:
    """An object that makes a folder when it is unpickled by pickle itself."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)
