"""Folders of models of transformers, and repositories of the Hugging Face hub as such folders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from ...errors import InputError
from ..checkpoints.folders import CONFIG, WEIGHTS, shard_names
from ..hub_files import NotFetchedError, fetch
from .processor import FILE as PROCESSOR

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def find_folder(choice: str, target: str) -> tuple[Path, str]:
    """Return a folder with a model of transformers, and its source, for a folder or repository.

    A repository is fetched unless it is in the hub's cache. Raises InputError.
    """
    folder = Path(target)
    if folder.is_dir():
        if not (folder / CONFIG).is_file():
            raise InputError(f"--model {choice}: no {CONFIG} in this folder; give one that has it")
        return folder, folder.resolve().name
    if folder.exists() or not _REPOSITORY.fullmatch(target):
        raise InputError(
            f"--model {choice}: no such folder, and no repository's name, which is OWNER/NAME"
        )
    try:
        folder = fetch(target)
        _fetch_processor(target, folder)
    except NotFetchedError as error:
        raise InputError(
            f"--model {choice}: no such folder, and as a repository it {error.reason}; "
            f"{error.remedy}, or give a folder"
        ) from error
    # A folder of the hub's cache is named by the commit.
    return folder, f"https://huggingface.co/{target} at {folder.name}"


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder that its predictions depend on, weights last."""
    described = [folder / name for name in (CONFIG, PROCESSOR) if (folder / name).is_file()]
    for name in WEIGHTS:
        path = folder / name
        if path.is_file():
            names = shard_names(path) if path.suffix == ".json" else ()
            return [*described, path, *(folder / name for name in names)]
    raise InputError(f"{folder}: no {WEIGHTS[0]} or {WEIGHTS[2]} in this folder")


def _fetch_processor(repository: str, folder: Path) -> None:
    """Fetch what says how images are prepared, of the commit of a folder, if there is such a file.

    Raises NotFetchedError where that cannot be known.
    """
    from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError

    # The hub's client remembers that a commit has no such file.
    known = try_to_load_from_cache(repository, PROCESSOR, revision=folder.name)
    if (folder / PROCESSOR).is_file() or known is _CACHED_NO_EXIST:
        return
    # OSError, and the error of whichever library the client asks by.
    network_errors = cast("tuple[type[Exception], ...]", HfHubHTTPError.__bases__)
    try:
        hf_hub_download(repository, PROCESSOR, revision=folder.name, etag_timeout=10)
    except RemoteEntryNotFoundError:
        return
    except network_errors as error:
        raise NotFetchedError(
            f"has no {PROCESSOR} in the cache of the Hugging Face hub, and the hub did not say "
            "whether there is one",
            "connect to the network once",
        ) from error
