"""Repositories on the Hugging Face hub: downloaded once, checked, then read from its cache."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

from .checkpoints.files import sha256
from .checkpoints.folders import CONFIG, WEIGHTS, shard_names

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""Pattern of the names of repositories, OWNER/NAME."""
_SECONDS = 10
"""Timeout in seconds for the hub to begin an answer."""
_UNKNOWN = (
    "is not on the Hugging Face hub, or is private; check its name, or log in with `hf auth login`"
)


class NotFetchedError(Exception):
    """A repository that cannot be used: a reason, which continues its name, and a remedy."""


def fetch_repository(repository: str) -> Path:
    """Return the folder in the hub's cache with a repository's config.json and weights.

    The folder's name is the commit. Files in the cache are used without the network, which makes
    runs repeatable. Each file is compared with the SHA-256 that the hub states, if any, and deleted
    if it differs. Raises NotFetchedError, and InputError for an index of files elsewhere.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    def from_cache(name: str, _: str | None) -> Path:  # it has one commit
        return _checked(Path(hf_hub_download(repository, name, local_files_only=True)))

    try:
        return _gather(from_cache)
    except HFValidationError as error:
        raise NotFetchedError(_UNKNOWN) from error
    except LocalEntryNotFoundError:
        pass
    # The hub's client logs a warning for each retry; the final error is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return _gather(partial(_download, repository))


def fetch_optional(repository: str, name: str, folder: Path) -> None:
    """Download a file of a repository, if it has one, at the commit of a folder in the cache.

    Raises NotFetchedError if the hub does not say whether it has.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import RemoteEntryNotFoundError

    # The hub's client also caches that a commit has no such file.
    if try_to_load_from_cache(repository, name, revision=folder.name) is not None:
        return
    try:
        with suppress(RemoteEntryNotFoundError):
            hf_hub_download(repository, name, revision=folder.name, etag_timeout=_SECONDS)
    except _network_errors() as error:
        raise NotFetchedError(
            f"has no {name} in the cache of the Hugging Face hub, and the hub did not say whether "
            "there is one; connect to the network once"
        ) from error


def hub_answers(seconds: float) -> bool | None:
    """Return whether the hub answers within a time; None, unasked, where HF_HUB_OFFLINE is set."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return None
    answered = threading.Event()

    def ask() -> None:
        with suppress(*_network_errors()):
            get_session().head(constants.ENDPOINT, timeout=seconds).raise_for_status()
            answered.set()

    # In a thread, because looking up a name has no timeout.
    threading.Thread(target=ask, daemon=True).start()
    return answered.wait(seconds)


def _network_errors() -> tuple[type[Exception], ...]:
    """Return OSError, and the error of the hub's HTTP library."""
    from huggingface_hub.errors import HfHubHTTPError

    return cast("tuple[type[Exception], ...]", HfHubHTTPError.__bases__)


def _gather(get: Callable[[str, str | None], Path]) -> Path:
    """Get the configuration and the weights of one commit."""
    from huggingface_hub.errors import EntryNotFoundError

    folder = get(CONFIG, None).parent
    for name in WEIGHTS:
        try:
            path = get(name, folder.name)
        except EntryNotFoundError as error:
            missing = error
            continue
        for shard in shard_names(path) if path.suffix == ".json" else ():
            get(shard, folder.name)
        return folder
    raise missing


def _download(repository: str, name: str, commit: str | None) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import GatedRepoError, RemoteEntryNotFoundError

    url = f"https://huggingface.co/{repository}"
    try:
        # One request with a timeout; hf_hub_download would retry for most of a minute.
        address = hf_hub_url(repository, name, revision=commit)
        stated = get_hf_file_metadata(address, timeout=_SECONDS).etag
    except RemoteEntryNotFoundError as error:
        if name in WEIGHTS[:-1]:
            raise
        lacking = f"{WEIGHTS[0]} or {WEIGHTS[2]}" if name in WEIGHTS else name
        raise NotFetchedError(f"has no {lacking}; see {url}") from error
    except GatedRepoError as error:
        raise NotFetchedError(
            f"is gated on the Hugging Face hub; accept its licence at {url} and log in with "
            "`hf auth login`"
        ) from error
    except _network_errors() as error:
        answer = getattr(error, "response", None)
        if answer is not None and answer.status_code in (401, 403, 404):
            raise NotFetchedError(_UNKNOWN) from error
        raise NotFetchedError(
            "is not in the cache of the Hugging Face hub, and could not be downloaded; connect to "
            "the network once"
        ) from error
    try:
        path = Path(hf_hub_download(repository, name, revision=commit, etag_timeout=_SECONDS))
    except _network_errors() as error:
        why = getattr(error, "strerror", None) or "the download broke off"  # a full disk, e.g.
        raise NotFetchedError(f"could not be downloaded ({name}: {why}); try again") from error
    return _checked(path, stated or "")


def _checked(path: Path, stated: str = "") -> Path:
    """Return a path in the cache. Raises NotFetchedError if its digest is not the stated one."""
    # The client names a blob by the digest that the hub states, but does not compare the two.
    # Without links, as often on Windows, only a download tells what is stated.
    stated = path.readlink().name if path.is_symlink() else stated
    if re.fullmatch("[0-9a-f]{64}", stated) and sha256(path) != stated:
        link = path.parent / path.readlink() if path.is_symlink() else path
        for file in (path.resolve(), link, path):
            file.unlink(missing_ok=True)
        raise NotFetchedError(
            f"holds a {path.name} whose SHA-256 is not the one that the hub states; it was "
            "deleted; try again"
        )
    return path
