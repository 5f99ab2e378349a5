"""Code and files of others: what goes wrong in them is told in one line, what they are by a digest.

Nothing here runs what a file holds; that is up to the adapters.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from ...errors import InputError
from ..class_names import differences


def require(package: str, extra: str, choice: str) -> ModuleType:
    """Import a package that only some models need. Raises InputError with the way to install it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InputError(
            f"--model {choice}: needs {package}, which is not installed; "
            f"pip install 'robustbench-seg[{extra}]'"
        ) from error


def existing_file(choice: str, target: str, what: str) -> Path:
    """Return the path of a choice's file; InputError where there is none."""
    path = Path(target)
    if not path.is_file():
        raise InputError(f"--model {choice}: no such file; give {what}")
    return path


def label(path: Path) -> str:
    """Return what a file is called in results: by its folder where its own name says nothing."""
    return path.resolve().parent.name if path.stem in {"model", "weights"} else path.stem


def facts(
    source: str, sha256: str, own: Sequence[str] | None, classes: Sequence[str], *notes: str
) -> dict[str, str]:
    """Return what a result says of the weights, with a note on classes of other names."""
    return {
        "source": source,
        "sha256": sha256,
        "licence": "",
        "note": "; ".join([*differences(own, classes), *notes]),
    }


@contextmanager
def told_in_one_line(choice: str, what: str, *, place: bool = False) -> Iterator[None]:
    """Turn whatever is raised inside into an InputError: what failed, the error, and its place."""
    try:
        yield
    except InputError:
        raise
    # A user's module may even call sys.exit where it is not guarded.
    except (Exception, SystemExit) as error:
        message = f"--model {choice}: {what}: {type(error).__name__}: {_message(error)}"
        if place:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message += f" ({Path(where.filename).name} line {where.lineno})"
        raise InputError(message) from error


def _message(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")


class Logits(nn.Module):
    """A network of which only the logits are returned, where it gives more in a mapping.

    They are under "out" in what torchvision's networks give, and under "logits" in transformers'.
    What else it may return is left to whoever uses it to check.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Any:
        """Run the network."""
        given = self.network(image)
        if isinstance(given, Mapping):
            return next((given[key] for key in ("out", "logits") if key in given), given)
        return given
