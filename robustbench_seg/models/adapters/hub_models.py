"""Folders with a model of transformers, and repositories on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from ...errors import InputError
from ..checkpoints.folders import CONFIG, WEIGHTS, shard_names
from ..hub_files import REPOSITORY, NotFetchedError, fetch_repository
from .processor import FILE as PROCESSOR


def find_folder(choice: str, target: str) -> tuple[Path, str]:
    """Return the folder of a transformers model, given as a folder or repository, and its source.

    A repository is downloaded unless it is in the hub's cache. Raises InputError.
    """
    folder = Path(target)
    if folder.is_dir():
        if not (folder / CONFIG).is_file():
            raise InputError(f"--model {choice}: no {CONFIG} in this folder; give one that has it")
        return folder, folder.resolve().name
    if folder.exists() or not REPOSITORY.fullmatch(target):
        raise InputError(
            f"--model {choice}: no such folder; give a folder, or a repository OWNER/NAME"
        )
    try:
        folder = fetch_repository(target)
        _fetch_processor(target, folder)
    except NotFetchedError as error:
        raise InputError(
            f"--model {choice}: no such folder, and as a repository it {error.reason}; "
            f"{error.remedy}, or give a folder"
        ) from error
    # The hub's cache names its folders by the commit.
    return folder, f"https://huggingface.co/{target} at {folder.name}"


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder that predictions depend on, weights last."""
    described = [folder / name for name in (CONFIG, PROCESSOR) if (folder / name).is_file()]
    for name in WEIGHTS:
        path = folder / name
        if path.is_file():
            names = shard_names(path) if path.suffix == ".json" else ()
            return [*described, path, *(folder / name for name in names)]
    raise InputError(
        f"{folder}: no {WEIGHTS[0]} or {WEIGHTS[2]} in this folder; give one that has weights"
    )


def _fetch_processor(repository: str, folder: Path) -> None:
    """Download a repository's preprocessor_config.json, at the commit of a folder, if it has one.

    Raises NotFetchedError if the hub does not say whether it has.
    """
    from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError

    # The hub's client caches that a commit has no such file.
    known = try_to_load_from_cache(repository, PROCESSOR, revision=folder.name)
    if (folder / PROCESSOR).is_file() or known is _CACHED_NO_EXIST:
        return
    # OSError, and the error of the client's HTTP library.
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
