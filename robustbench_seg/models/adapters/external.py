"""Helpers for third-party models: one-line errors, and the provenance of their weights.

Nothing here runs code from a file; that is left to the adapters.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from ...errors import InputError


def require(package: str, extra: str, choice: str) -> ModuleType:
    """Import an optional package. Raises InputError with the command that installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InputError(
            f"--model {choice}: needs {package}, which is not installed; "
            f"pip install 'robustbench-seg[{extra}]'"
        ) from error


def existing_file(choice: str, target: str, what: str) -> Path:
    """Return the path of a choice's file. Raises InputError if it does not exist."""
    path = Path(target)
    if not path.exists():
        raise InputError(f"--model {choice}: no such file; give {what}")
    return path


def file_label(path: Path) -> str:
    """Return a file's name in results: its stem, or its folder's name if the stem is generic."""
    return path.resolve().parent.name if path.stem in {"model", "weights"} else path.stem


def provenance(source: str, sha256: str, *notes: str) -> dict[str, str]:
    """Return the provenance of weights."""
    return {"source": source, "sha256": sha256, "licence": "", "note": "; ".join(notes)}


@contextmanager
def one_line_errors(choice: str, what: str, *, location: bool = False) -> Iterator[None]:
    """Turn any exception inside into an InputError: what failed, the error, and its location."""
    try:
        yield
    except InputError:
        raise
    # A user's module may even call sys.exit at import.
    except (Exception, SystemExit) as error:
        message = f"--model {choice}: {what}: {type(error).__name__}: {_first_line(error)}"
        if location:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            message += f" ({Path(frame.filename).name} line {frame.lineno})"
        raise InputError(message) from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")


class Logits(nn.Module):
    """A network that returns only the logits of another one, in float32.

    That may return a mapping or a sequence. torchvision's networks have the logits under "out",
    transformers' under "logits"; auxiliary outputs follow them in a sequence.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        # --precision says in which the network runs, not the type that its weights were saved in.
        self.network = network.float()

    def forward(self, image: Tensor) -> Any:
        output = self.network(image)
        if isinstance(output, Mapping):
            return next((output[key] for key in ("out", "logits") if key in output), output)
        if isinstance(output, list | tuple) and output:
            return output[0]
        return output
