"""Merging the shards of a run that independent jobs made (`robustseg merge`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from ..errors import InputError
from ..folders import RESULTS
from ..progress import Progress, silent
from ..protocol.cell import Cell
from .database import FILE
from .differences import differences
from .failure import Failure
from .packed_counts import plain
from .pictures import Picture
from .sessions import Session
from .store import Store

_TOGETHER = 2**23
"""Most counts in a transaction, zeros included: 64 MiB."""


def merge(
    folders: Sequence[str | Path], out: str | Path | None = None, progress: Progress = silent
) -> Path:
    """Join parts of one run, in folders of their own, into a run in `out`, and return its folder.

    The parts stay unchanged. The tables equal those of a run that was never divided. Raises
    InputError, before anything is written, if the parts have different specifications, or if two
    have different numbers for the same cell.
    """
    parts = [Path(folder) for folder in folders]
    with ExitStack() as stack:
        stores = [stack.enter_context(Store.open(part)) for part in parts]
        spec = stores[0].spec
        for store in stores[1:]:
            if found := differences(spec.to_dict(), store.spec.to_dict()):
                raise InputError(
                    f"{store.folder}: part of another run than {parts[0]}; they differ in {found}"
                )
        folder = RESULTS / spec.slug if out is None else Path(out)
        if folder.resolve() in {part.resolve() for part in parts}:
            raise InputError(f"--out {folder}: is one of the parts; choose another folder")
        earlier = [stack.enter_context(Store.open(folder))] if (folder / FILE).is_file() else []
        _refuse_contradictions([*earlier, *stores])
        # Read, and so checked, before anything is written.
        beside = [(store.pictures(), store.failures(), store.sessions()) for store in stores]
        with Store.create_or_resume(folder, spec) as whole:
            for done, store in enumerate(stores, start=1):
                _copy(store, *beside[done - 1], whole)
                progress("merging", done, len(stores), str(store.folder))
    return folder


def _refuse_contradictions(stores: Iterable[Store]) -> None:
    found: dict[Cell, tuple[bytes, Store]] = {}
    for store in stores:
        for cell, counts in store.counts():
            # Not the stored bytes: another version of zlib compresses differently.
            digest = hashlib.sha256(b"".join(map(plain, counts))).digest()
            known, other = found.setdefault(cell, (digest, store))
            if known != digest:
                raise InputError(
                    f"{store.folder}: contradicts {other.folder} in the counts of {cell}; "
                    "merge only one of them"
                )


def _copy(
    part: Store,
    pictures: Sequence[Picture],
    failures: Sequence[Failure],
    sessions: Sequence[Session],
    whole: Store,
) -> None:
    """Copy the cells, pictures, failures and sessions of a part that the whole lacks."""
    together = max(1, _TOGETHER // part.spec.counts_of_cell)
    there = whole.stored()
    new = ((cell, counts) for cell, counts in part.counts() if cell not in there)
    while batch := dict(islice(new, together)):
        whole.add(batch)
    there = whole.stored()
    whole.add({}, pictures, [failure for failure in failures if failure.cell not in there])
    known = {json.dumps(session) for session in whole.sessions()}
    for session in sessions:
        if json.dumps(session) not in known:
            whole.add_session(session)
