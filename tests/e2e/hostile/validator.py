"""Check a run, and compute its clean mIoU, in plain Python: it shares no code with the project."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection
from contextlib import closing
from itertools import accumulate
from pathlib import Path


def clean_miou(path: Path, frames: Collection[str]) -> dict[str, float]:
    """Return the clean mIoU of each model over some frames; AssertionError for an invalid run."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        meta = dict(database.execute("SELECT key, value FROM meta"))
        cells = database.execute("SELECT model, condition, frame, draw, matrix FROM cells")
        rows = cells.fetchall()
    spec = json.loads(meta["spec"])
    classes = len(spec["classes"])
    columns = classes + bool(spec.get("class_map"))
    models = [model["name"] for model in spec["models"]]
    pixels = {frame["name"]: frame["class_pixels"] for frame in spec["frames"]}
    sizes = {frame["name"]: frame["height"] * frame["width"] for frame in spec["frames"]}
    assert len(pixels) == len(spec["frames"]), "a frame is there twice"
    assert len(set(models)) == len(models), "a model is there twice"
    for name, counts in pixels.items():
        assert len(counts) == classes, name
        assert 0 <= min(counts) <= sum(counts) <= sizes[name], name
    sums = {model: [0] * (classes * columns) for model in models}
    seen = set()
    for model, condition, frame, draw, packed in rows:
        assert model in models, model
        assert 0 <= draw < spec.get("draws", 1), draw
        content = zlib.decompressobj().decompress(packed, 9 + 12 * classes * columns)
        number, rest = divmod(len(content) - 8, 12)
        by_byte = content[3] >= 128
        assert int.from_bytes(content[:4], "little") % 2**31 == classes, "shape"
        assert content[4:8] == columns.to_bytes(4, "little"), "shape"
        assert rest == 0, "shape"
        words = [content[at : at + 4] for at in range(8, 8 + 4 * number, 4)]
        longs = [content[at : at + 8] for at in range(8 + 4 * number, len(content), 8)]
        if by_byte:  # the lowest byte of each number, then the next ones
            planes = [content[at : at + number] for at in range(8, len(content), number or 1)]
            numbers = list(map(bytes, zip(*planes, strict=True)))
            words, longs = [each[:4] for each in numbers], [each[4:] for each in numbers]
        places = [int.from_bytes(word, "little") for word in words]
        if by_byte:
            places = list(accumulate(places))
        counts = [int.from_bytes(word, "little", signed=True) for word in longs]
        assert places == sorted(set(places)), "places"
        assert min(counts, default=1) > 0, "counts"
        found = [0] * classes
        for place, count in zip(places, counts, strict=True):
            found[place // columns] += count
            if condition == "clean" and frame in frames:
                sums[model][place] += count
                seen.add((model, frame))
        assert found == pixels[frame], "the counts are not the pixels of the frame"
    taken = [f["name"] for f in spec["frames"] if f.get("condition", "") in ("", "clean")]
    assert seen == {(model, name) for model in models for name in frames if name in taken}
    return {model: _miou(counts, classes, columns) for model, counts in sums.items()}


def _miou(counts: list[int], classes: int, columns: int) -> float:
    truth = [sum(counts[c * columns : (c + 1) * columns]) for c in range(classes)]
    predicted = [sum(counts[c::columns]) for c in range(classes)]
    right = [counts[c * columns + c] for c in range(classes)]
    there = [c for c in range(classes) if truth[c]]
    scores = [right[c] / (truth[c] + predicted[c] - right[c]) for c in there]
    return sum(scores) / len(scores) if scores else float("nan")
