"""Published numbers, shown beside measured ones and always set apart from them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pandas as pd

MEAN, RETENTION = "mean", "retention"
TABLE_5_CORRUPTIONS = 16
COUNTED_IN_TABLE_5 = {"noise": (1, 2, 3)}
"""Severities that count in Table 5 (appendix D) by category; 1-5 for the other categories."""
TABLE_5 = (
    "Published: SegFormer (arXiv 2105.15203v3), Table 5, on Cityscapes; its CNN rows are quoted "
    "there from Kamann & Rother (CVPR 2020). mIoU in percent; mean and retention are computed from "
    "the printed columns."
)
TABLE_1C = (
    "Published: SegFormer (arXiv 2105.15203v3), Table 1c, on Cityscapes. mIoU in percent; the "
    "change, in points, is computed from the printed numbers."
)
MEANS = (
    "Published: FAN with self-emerging token labeling (NVIDIA), Table 4, on Cityscapes: means over "
    "all 16 corruptions. In percent, as printed."
)
SEMSEGBENCH = (
    "OTHER PROTOCOL: not comparable with the runs here. Published: SemSegBench (Agnihotri et al., "
    "2025), models of mmsegmentation on {data}, by the crop of their training; mIoU in percent, "
    "as printed. Corruptions were drawn without a seed, at severity 3 alone, and applied to BGR "
    "images before their conversion to RGB; the mean is over these 15 corruptions, other ones than "
    "those of Cityscapes-C. Of SegFormer B1 to B5, the 512x1024 rows lose 13 to 18 points under "
    "brightness and the 1024x1024 rows less than 1. DeepLabv3+ (ResNet-18) on Cityscapes is left "
    "out: its numbers cannot be right."
)


DAGGER = "\u2020"
"""Mark of published rows among measured ones."""


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """Return published rows with a dagger after each model."""
    return table.rename(index=lambda name: f"{name} {DAGGER}")


def rows(name: str) -> pd.DataFrame:
    """Read a file of published_tables/: model, corruption, miou (percent, as printed), source."""
    path = resources.files(__package__).joinpath("published_tables", f"{name}.csv")
    with path.open("rb") as file:
        return pd.read_csv(file)


def _wide(name: str) -> pd.DataFrame:
    """Return a file with models as rows and corruptions as columns, in fractions."""
    table = rows(name).pivot_table(
        index="model", columns="corruption", values="miou", sort=False, aggfunc="first"
    )
    return table.rename_axis(index=None, columns=None) / 100


def segformer_table5(columns: pd.Index[Any]) -> pd.DataFrame:
    """Return Table 5 of SegFormer as a suite table; no rows if the suite is another.

    `columns` are (category, corruption) as in the measured table. Mean and retention are computed
    from the printed columns: the plain mean, as in the paper. Fractions in [0, 1].
    """
    table = part_of_table5(columns)
    corruptions = {name for category, name in columns if category}
    if len(corruptions) < TABLE_5_CORRUPTIONS or table.isna().any(axis=None):
        return pd.DataFrame(columns=columns, dtype=float)
    return table


def part_of_table5(columns: pd.Index[Any]) -> pd.DataFrame:
    """Return the columns of Table 5 that a measured table has, NaN for missing ones.

    Mean and retention are computed from these columns; NaN if one of them is not in Table 5.
    """
    corruptions = [name for category, name in columns if category]
    wide = _wide("segformer_table5_cityscapes_c").reindex(columns=["clean", *corruptions])
    wide[MEAN] = wide[corruptions].mean(axis="columns", skipna=False)
    wide[RETENTION] = wide[MEAN] / wide["clean"]
    return wide[[name for _, name in columns]].set_axis(columns, axis="columns")


def segformer_table1c() -> pd.DataFrame:
    """Return Table 1c of SegFormer: a row per encoder, its two inputs and the change between them.

    Fractions in [0, 1]; the change is computed from the printed numbers.
    """
    published = rows("segformer_table1c_resolution")
    published["input"] = published["inference_resolution"] + ", " + published["inference_mode"]
    wide = published.pivot_table(
        index="encoder_type", columns="input", values="cityscapes_miou", sort=False
    )
    wide = (wide / 100).rename_axis(index="encoder", columns=None)
    first, second = wide.columns
    return wide.assign(change=wide[second] - wide[first])


def cityscapes_c_means() -> pd.DataFrame:
    """Return published results of SegFormer B0-B5 and others, as printed, in fractions.

    Index model; columns clean, mean, retention.
    """
    names = {"clean": "clean", "mean_over_corruptions": MEAN, "retention_percent": RETENTION}
    return _wide("stl_table4_cityscapes_c_mean")[list(names)].rename(columns=names)


def semsegbench(dataset: str) -> tuple[str, pd.DataFrame]:
    """Return a caption and the results of SemSegBench on a dataset, else on Cityscapes.

    Index model and crop; columns clean, 15 corruptions at severity 3, mean, acdc. Fractions.
    """
    found = rows("semsegbench")
    data = dataset if dataset in found["dataset"].to_numpy() else "cityscapes"
    table = found[found["dataset"] == data].set_index(["model", "crop"]).drop(columns="dataset")
    return SEMSEGBENCH.format(data=data), table.dropna(axis="columns") / 100
