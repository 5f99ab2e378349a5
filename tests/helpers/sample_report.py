"""A small report for the tests of `reports`: two corruptions of each of two categories."""

from __future__ import annotations

import struct
import zlib

import pandas as pd

from reports import Example, Report

COUNTED = {
    "motion_blur": (1, 2, 3),
    "glass_blur": (1, 2, 3),
    "fog": (1, 2, 3),
    "snow": (1, 2),
}
CATEGORIES = {"motion_blur": "blur", "glass_blur": "blur", "fog": "weather", "snow": "weather"}
SEVERITIES = (1, 2, 3)


def png(grey: int) -> bytes:
    """Return a PNG file of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes([0, grey]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def severity_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Let mIoU fall by .04 a severity from .71, and by .1 from model to model."""
    rows = {
        (model, category, corruption): [
            0.75 - 0.04 * severity - 0.1 * place for severity in SEVERITIES
        ]
        for place, model in enumerate(models)
        for corruption, category in CATEGORIES.items()
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["model", "category", "corruption"])
    return pd.DataFrame(list(rows.values()), index=index, columns=pd.Index(SEVERITIES))


def suite_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Table 5's form, with means over the severities that count."""
    severities = severity_frame(models)
    rows = []
    for place, model in enumerate(models):
        row = {("", "clean"): 0.81 - 0.1 * place}
        own = severities.loc[[model]].droplevel(["model", "category"])
        for corruption, category in CATEGORIES.items():
            scores = own.loc[[corruption], list(COUNTED[corruption])]
            row[category, corruption] = float(scores.to_numpy().mean())
        row["", "mean"] = sum(row[category, name] for name, category in CATEGORIES.items()) / 4
        row["", "retention"] = row["", "mean"] / row["", "clean"]
        rows.append(row)
    frame = pd.DataFrame(rows, index=pd.Index(models, name="model"))
    frame.columns = pd.MultiIndex.from_tuples(list(rows[0]), names=["category", "corruption"])
    return frame


def summary_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Return the headline numbers that follow from the other frames."""
    suite = suite_frame(models)
    table = pd.DataFrame({"clean": suite["", "clean"], "suite score": suite["", "mean"]})
    table["blur"] = (suite["blur", "motion_blur"] + suite["blur", "glass_blur"]) / 2
    table["weather"] = (suite["weather", "fog"] + suite["weather", "snow"]) / 2
    table["retention"] = suite["", "retention"]
    table["mPC"] = severity_frame(models).mean(axis="columns").groupby(level=0, sort=False).mean()
    table["rPC"] = table["mPC"] / table["clean"]
    table["pixel_accuracy"] = 0.9
    return table


def class_frame(
    models: tuple[str, ...] = ("b0",), classes: tuple[str, ...] = ("road", "sky")
) -> pd.DataFrame:
    """Two classes; the second is never found."""
    values = {
        "clean": [0.9, 0.0],
        "blur": [0.6, 0.0],
        "weather": [0.3, 0.0],
        "suite": [0.45, 0.0],
        "retention": [0.5, float("nan")],
    }
    index = pd.MultiIndex.from_product([models, classes], names=["model", "class"])
    return pd.DataFrame({name: column * len(models) for name, column in values.items()}, index)


def sample_report(
    models: tuple[str, ...] = ("b0",),
    *,
    title: str = "a suite on streets (val)",
    image: str = "val_0000",
    note: str = "All severities were run.",
    classes: tuple[str, ...] = ("road", "sky"),
    stamps: tuple[str, ...] = (),
) -> Report:
    """Return a complete report whose names can be chosen."""
    pictures = {"input": png(10), "prediction": png(20), "ground truth": png(30)}
    return Report(
        title=title,
        subtitle=f"{', '.join(models)}, trained on streets, evaluated on streets",
        stamps=stamps,
        notes=(note,),
        summary=summary_frame(models),
        suite_table=suite_frame(models),
        severity_table=severity_frame(models),
        class_table=class_frame(models, classes),
        counted=COUNTED,
        legend=((classes[0], "#804080"), (classes[1], "#4682b4")),
        examples=tuple(Example(model, image, "fog 3", pictures) for model in models),
        provenance={"Run": {"command": f"robustseg eval --model {models[0]}", "seed": "0"}},
    )
