"""Published numbers: as printed, and their means as the papers have them."""

from __future__ import annotations

import pandas as pd
import pytest

from robustbench_seg.reporting import published

SUITE = {
    "blur": ("motion_blur", "defocus_blur", "glass_blur", "gaussian_blur"),
    "noise": ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    "digital": ("brightness", "contrast", "saturate", "jpeg_compression"),
    "weather": ("snow", "spatter", "fog", "frost"),
}


def suite_columns() -> pd.MultiIndex:
    corruptions = [(category, name) for category, names in SUITE.items() for name in names]
    return pd.MultiIndex.from_tuples([("", "clean"), *corruptions, ("", "mean"), ("", "retention")])


def test_table5_has_the_form_of_a_suite_table() -> None:
    table = published.segformer_table5(suite_columns())
    assert list(table.columns) == list(suite_columns())
    assert len(table) == 13
    assert table.index[-1] == "SegFormer-B5"
    assert table.notna().all(axis=None)
    assert table.at["SegFormer-B5", ("weather", "fog")] == pytest.approx(0.785)


def test_computed_means_of_table5_are_the_published_ones() -> None:
    table = published.segformer_table5(suite_columns())
    means = published.cityscapes_c_means()
    for model in ("SegFormer-B5", "ICNet", "FCN8s", "DilatedNet", "PSPNet"):
        assert table["", "mean"][model] == pytest.approx(means["mean"][model], abs=0.001)
        assert table["", "retention"][model] == pytest.approx(means["retention"][model], abs=0.002)


def test_another_suite_has_no_published_rows() -> None:
    assert published.segformer_table5(suite_columns()[:5]).empty


def test_every_row_names_its_source() -> None:
    for name in ("segformer_table5_cityscapes_c", "stl_table4_cityscapes_c_mean"):
        assert published.rows(name)["source"].str.len().gt(0).all()


def test_semsegbench_is_stamped_and_has_the_rows_of_the_data() -> None:
    caption, table = published.semsegbench("streets")
    assert caption.startswith("OTHER PROTOCOL: ")
    assert "on cityscapes" in caption
    assert len(table) == 31
    assert ("DeepLabv3+ (ResNet-18)", "512x1024") not in table.index
    corruptions = table.columns.drop(["clean", "mean", "acdc"])
    assert table[corruptions].mean(axis="columns").to_numpy() == pytest.approx(
        table["mean"].to_numpy(), abs=2e-4
    )
    assert table.at[("SegFormer (MiT-B5)", "1024x1024"), "clean"] == pytest.approx(0.8225)
    assert len(published.semsegbench("ade20k")[1]) == 26
