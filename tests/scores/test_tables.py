"""The tables against arithmetic by hand and against the published Table 5 of SegFormer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustbench_seg.protocol.suites import CorruptionSuite
from robustbench_seg.reporting.measures import METRICS
from robustbench_seg.scores import metrics, tables
from robustbench_seg.scores.bootstrap import Bootstrap
from robustbench_seg.scores.intervals import TIDY_COLUMNS, tidy
from robustbench_seg.scores.measured import IN_NATS, described
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.policy import Column
from tests.helpers.suite_files import corruption_suite

# SegFormer (arXiv 2105.15203v3), Table 5, the row of SegFormer-B5, and its mean as printed.
PUBLISHED_B5 = {
    "motion_blur": 69.1,
    "defocus_blur": 68.6,
    "glass_blur": 64.1,
    "gaussian_blur": 69.8,
    "gaussian_noise": 57.8,
    "impulse_noise": 63.4,
    "shot_noise": 52.3,
    "speckle_noise": 72.8,
    "brightness": 81.0,
    "contrast": 77.7,
    "saturate": 80.1,
    "jpeg_compression": 58.8,
    "snow": 40.7,
    "spatter": 68.4,
    "fog": 78.5,
    "frost": 49.9,
}
PUBLISHED_B5_CLEAN = 82.4
PUBLISHED_B5_MEAN = 65.8

TINY = CorruptionSuite(
    name="tiny",
    title="Tiny",
    source="a test",
    columns=(
        Column("fog", "weather", (1, 2, 3, 4, 5)),
        Column("snow", "weather", (1, 2, 3, 4, 5)),
        Column("shot_noise", "noise", (1, 2, 3)),
    ),
    severities=(1, 2, 3, 4, 5),
)

Scores = Mapping[tuple[str, int], float]


def _number(table: Any, row: object, column: object) -> float:
    """Return one cell as a float, which the types of pandas leave open."""
    return float(table.at[row, column])


def _rows(model: str, scores: Scores, metric: str = "miou", name: str = "") -> pd.DataFrame:
    """Return the tidy rows of one metric of a model, from {(corruption, severity): value}."""
    nan = float("nan")
    rows = [
        (model, "streets", *condition, name, metric, value, nan, nan, 4)
        for condition, value in scores.items()
    ]
    return pd.DataFrame(rows, columns=TIDY_COLUMNS)


def _tiny_scores() -> dict[tuple[str, int], float]:
    """Return scores that fall with the severity; noise is 0 at the severities that do not count."""
    scores = {("clean", 0): 0.8}
    for severity in (1, 2, 3, 4, 5):
        scores["fog", severity] = 0.75 - 0.05 * severity
        scores["snow", severity] = 0.50 - 0.05 * severity
        scores["shot_noise", severity] = 0.30 - 0.05 * severity if severity < 4 else 0.0
    return scores


def _published() -> pd.DataFrame:
    scores = {("clean", 0): PUBLISHED_B5_CLEAN / 100}
    for name, value in PUBLISHED_B5.items():
        scores.update({(name, severity): value / 100 for severity in (1, 2, 3, 4, 5)})
    return pd.concat([_rows("b5", scores), _rows("b5", {("clean", 0): 0.97}, "pixel_accuracy")])


def test_the_published_row_gives_the_published_mean() -> None:
    table = tables.suite_table(_published(), corruption_suite("cityscapes-c"))
    assert 100 * _number(table, "b5", ("", "mean")) == pytest.approx(PUBLISHED_B5_MEAN, abs=0.1)
    retention = PUBLISHED_B5_MEAN / PUBLISHED_B5_CLEAN
    assert _number(table, "b5", ("", "retention")) == pytest.approx(retention, abs=0.001)
    corruptions = ["clean", *PUBLISHED_B5, "mean", "retention"]
    categories = ["", *np.repeat(["blur", "noise", "digital", "weather"], 4), "", ""]
    assert list[object](table.columns) == list(zip(categories, corruptions, strict=True))
    for column in corruption_suite("cityscapes-c").columns:
        value = _number(table, "b5", (column.category, column.corruption))
        assert 100 * value == pytest.approx(PUBLISHED_B5[column.corruption])


def test_the_summary_of_the_published_row() -> None:
    row = tables.summary(_published(), corruption_suite("cityscapes-c")).loc["b5"]
    assert list(row.index) == [
        *("clean", "suite score", "blur", "noise", "digital", "weather"),
        *("retention", "mPC", "rPC", "pixel_accuracy"),
    ]
    assert row["mPC"] == pytest.approx(row["suite score"])  # all severities have one value here
    assert row["blur"] == pytest.approx((69.1 + 68.6 + 64.1 + 69.8) / 400)
    assert row["weather"] == pytest.approx((40.7 + 68.4 + 78.5 + 49.9) / 400)
    assert row["pixel_accuracy"] == 0.97


def test_the_summary_by_hand() -> None:
    row = tables.summary(_rows("m", _tiny_scores()), TINY).loc["m"]
    fog, snow, noise = 0.6, 0.35, 0.2  # noise: the mean of .25 .20 .15, severities 1-3
    assert row["clean"] == 0.8
    assert row["weather"] == pytest.approx((fog + snow) / 2)
    assert row["noise"] == pytest.approx(noise)
    assert row["suite score"] == pytest.approx((fog + snow + noise) / 3)
    assert row["retention"] == pytest.approx((fog + snow + noise) / 3 / 0.8)
    mpc = (5 * fog + 5 * snow + 0.25 + 0.20 + 0.15) / 15  # all severities, counted or not
    assert row["mPC"] == pytest.approx(mpc)
    assert row["rPC"] == pytest.approx(mpc / 0.8)


def test_the_suite_score_is_the_mean_over_corruptions_not_categories() -> None:
    table = tables.suite_table(_rows("m", _tiny_scores()), TINY)
    corruptions = table["weather"].iloc[0].tolist() + table["noise"].iloc[0].tolist()
    assert corruptions == pytest.approx([0.6, 0.35, 0.2])
    assert table.loc["m", ("", "mean")] == pytest.approx(np.mean(corruptions))


def test_the_severity_table_shows_what_counts_and_what_does_not() -> None:
    scores = _tiny_scores()
    both = pd.concat([_rows("z", scores), _rows("a", {k: v / 2 for k, v in scores.items()})])
    table = tables.severity_table(both, TINY)
    assert table.index.tolist() == [
        ("z", "weather", "fog"),
        ("z", "weather", "snow"),
        ("z", "noise", "shot_noise"),
        ("a", "weather", "fog"),
        ("a", "weather", "snow"),
        ("a", "noise", "shot_noise"),
    ]
    assert table.index.names == ["model", "category", "corruption"]
    assert tuple[object, ...](table.columns) == TINY.severities
    assert table.iloc[2].tolist() == pytest.approx([0.25, 0.20, 0.15, 0.0, 0.0])
    assert _number(table, ("a", "weather", "fog"), 5) == pytest.approx(0.25)


def test_rows_may_come_in_any_order() -> None:
    frame = pd.concat([_rows("z", _tiny_scores()), _rows("a", _tiny_scores())])
    shuffled = frame.sample(frac=1, random_state=0)
    for table in (tables.severity_table, tables.suite_table, tables.summary):
        pd.testing.assert_frame_equal(table(frame, TINY), table(shuffled, TINY), check_like=True)


def test_a_missing_condition_is_nan_in_every_mean_that_needs_it() -> None:
    scores = _tiny_scores()
    del scores["snow", 5]
    frame = _rows("m", scores)
    row = tables.summary(frame, TINY).loc["m"]
    assert row[["weather", "suite score", "retention", "mPC", "rPC"]].isna().all()
    assert row["noise"] == pytest.approx(0.2)
    table = tables.suite_table(frame, TINY).loc["m"]
    assert table.isna().to_dict() == {
        ("", "clean"): False,
        ("weather", "fog"): False,
        ("weather", "snow"): True,
        ("noise", "shot_noise"): False,
        ("", "mean"): True,
        ("", "retention"): True,
    }
    severities = tables.severity_table(frame, TINY)
    assert severities.isna().sum().sum() == 1
    assert np.isnan(_number(severities, ("m", "weather", "snow"), 5))


def test_a_missing_condition_that_does_not_count_only_hurts_mpc() -> None:
    scores = _tiny_scores()
    del scores["shot_noise", 4]
    row = tables.summary(_rows("m", scores), TINY).loc["m"]
    assert row["suite score"] == pytest.approx((0.6 + 0.35 + 0.2) / 3)
    assert row[["mPC", "rPC"]].isna().all()


def test_another_models_conditions_do_not_fill_the_gap() -> None:
    scores = _tiny_scores()
    partial = {key: value for key, value in scores.items() if key[0] != "clean"}
    both = pd.concat([_rows("partial", partial), _rows("whole", scores)])
    table = tables.summary(both, TINY)
    assert table.index.tolist() == ["partial", "whole"]
    assert table.loc["partial", ["clean", "retention", "rPC"]].isna().all()
    assert _number(table, "partial", "suite score") == _number(table, "whole", "suite score")
    assert not table.loc["whole"].drop("pixel_accuracy").isna().any()


def test_a_run_of_clean_images_alone() -> None:
    frame = _rows("m", {("clean", 0): 0.8})
    row = tables.summary(frame, TINY).loc["m"]
    assert row["clean"] == 0.8
    assert row.drop("clean").isna().all()
    assert tables.severity_table(frame, TINY).isna().all(axis=None)


def test_a_part_of_the_suite_has_scores_where_severities_count() -> None:
    frame = _rows("m", _tiny_scores())
    row = tables.summary(frame, TINY.select(severities=[1, 2])).loc["m"]
    assert row["suite score"] == pytest.approx((0.675 + 0.425 + 0.225) / 3)
    row = tables.summary(frame, TINY.select(severities=[5])).loc["m"]
    assert row["weather"] == pytest.approx((0.5 + 0.25) / 2)
    assert row[["noise", "suite score"]].isna().all()


def test_a_clean_score_of_zero_has_no_retention() -> None:
    scores = _tiny_scores() | {("clean", 0): 0.0}
    row = tables.summary(_rows("m", scores), TINY).loc["m"]
    assert row["suite score"] > 0
    assert row[["retention", "rPC"]].isna().all()


def test_the_same_condition_twice_is_an_error() -> None:
    frame = _rows("m", _tiny_scores())
    with pytest.raises(ValueError, match="duplicate"):
        tables.summary(pd.concat([frame, frame]), TINY)


Matrices = dict[tuple[str, float], metrics.Matrix]


@pytest.fixture
def matrices() -> Matrices:
    """One matrix per condition; the third class has no truth, but one false positive at fog 5."""
    rng = np.random.default_rng(0)
    matrices: Matrices = {}
    for condition in (("clean", 0), *TINY.corrupted):
        matrix = np.zeros((3, 3), np.int64)
        matrix[:2, :2] = rng.integers(1, 50, (2, 2))
        matrix[1, 2] = condition == ("fog", 5)
        matrices[condition] = matrix
    return matrices


def _tidy(matrices: Matrices, images: Mapping[tuple[str, float], int] | int = 4) -> pd.DataFrame:
    """Return the tidy table of images; the first image holds all counts."""
    most = images if isinstance(images, int) else max(images.values())
    counts = PixelCounts(
        most,
        [(*condition, 0) for condition in matrices],
        ("road", "sky", "train"),
        ("flat", "above", "flat"),
        np.array([True, True, False]),
    )
    for condition, matrix in matrices.items():
        for image in range(images if isinstance(images, int) else images[condition]):
            found = matrix if image == 0 else np.zeros_like(matrix)
            counts.add([image], [(*condition, 0)], found[np.newaxis])
    return tidy({"m": Bootstrap(counts, resamples=20)}, "streets")


def test_tidy_lists_every_score(matrices: Matrices) -> None:
    frame = _tidy(matrices)
    assert frame.columns.tolist() == TIDY_COLUMNS
    assert len(frame) == 16 * (6 + 2 + 2)
    assert set(frame["class"]) == {"all", "road", "sky", "flat", "above"}
    assert set(frame["dataset"]) == {"streets"}
    assert (frame["n_images"] == 4).all()
    fog = frame[(frame["condition"] == "fog") & (frame["severity"] == 5)].set_index(
        ["class", "metric"]
    )["value"]
    matrix = matrices["fog", 5]
    road = matrix[0, 0] / (matrix[0].sum() + matrix[:, 0].sum() - matrix[0, 0])
    sky = matrix[1, 1] / (matrix[1].sum() + matrix[:, 1].sum() - matrix[1, 1])
    flat = matrix[0, 0] / (matrix.sum() - matrix[1, 1])  # road and train
    assert fog["road", "iou"] == pytest.approx(road)
    assert fog["sky", "iou"] == pytest.approx(sky)
    assert fog["flat", "category_iou"] == pytest.approx(flat)
    assert fog["above", "category_iou"] == pytest.approx(sky)
    assert fog["all", "category_miou"] == pytest.approx((flat + sky) / 2)
    assert fog["all", "miou"] == pytest.approx((road + sky) / 2)
    assert fog["all", "miou_cityscapes"] == pytest.approx((road + sky) / 3)
    both = np.array([True, True, False])
    assert fog["all", "pixel_accuracy"] == pytest.approx(metrics.pixel_accuracy(matrix))
    assert fog["all", "mean_accuracy"] == pytest.approx(metrics.mean_accuracy(matrix, both))
    weighted = metrics.frequency_weighted_iou(matrix)
    assert fog["all", "frequency_weighted_iou"] == pytest.approx(weighted)


def test_tidy_has_the_number_of_images_of_each_condition(matrices: Matrices) -> None:
    counts = {condition: number for number, condition in enumerate(matrices, start=1)}
    frame = _tidy(matrices, counts)
    for condition, number in counts.items():
        rows = frame[(frame["condition"] == condition[0]) & (frame["severity"] == condition[1])]
        assert (rows["n_images"] == number).all()


def test_what_counts_in_a_described_table_gives_the_suite_score(matrices: Matrices) -> None:
    frame = _tidy(matrices)
    table = described(frame, TINY)
    assert table.columns.tolist() == [*TIDY_COLUMNS, "category", "counted", "unit"]
    pd.testing.assert_frame_equal(table[TIDY_COLUMNS], frame)
    counted = table[table["counted"] & (table["metric"] == "miou")]
    scores = counted.groupby(["category", "condition"])["value"].mean()
    assert scores.mean() == pytest.approx(tables.summary(frame, TINY).loc["m", "suite score"])
    assert scores.index.tolist() == [
        ("noise", "shot_noise"),
        ("weather", "fog"),
        ("weather", "snow"),
    ]
    assert set(table.loc[table["condition"] == "clean", "category"]) == {""}
    assert described(frame, None).columns.tolist() == [*TIDY_COLUMNS, "unit"]
    units = described(pd.DataFrame({"metric": ["miou", "nll"]}), None)["unit"]
    assert units.tolist() == ["fraction", "nats"]
    assert {name for name, metric in METRICS.items() if not metric.percent} == IN_NATS


def test_the_mean_of_cityscapesscripts_is_a_metric_too(
    matrices: Matrices,
) -> None:
    frame = _tidy(matrices)
    ours = tables.severity_table(frame, TINY)
    theirs = tables.severity_table(frame, TINY, "miou_cityscapes")
    fog = ("m", "weather", "fog")
    assert _number(theirs, fog, 5) == pytest.approx(_number(ours, fog, 5) * 2 / 3)
    pd.testing.assert_frame_equal(theirs.drop(columns=5), ours.drop(columns=5))


def test_the_class_table_agrees_with_the_suite_score(
    matrices: Matrices,
) -> None:
    frame = _tidy(matrices)
    table = tables.class_table(frame, TINY)
    assert table.index.tolist() == [("m", "road"), ("m", "sky")]
    assert table.index.names == ["model", "class"]
    assert table.columns.tolist() == ["clean", "weather", "noise", "suite", "retention"]
    summary = tables.summary(frame, TINY).loc["m"]
    # All means here are linear, so the mean over classes of each column is the summary's.
    for column, name in (
        ("clean",) * 2,
        ("weather",) * 2,
        ("noise",) * 2,
        ("suite", "suite score"),
    ):
        assert table[column].mean() == pytest.approx(summary[name])
    road = frame[(frame["class"] == "road") & (frame["condition"] == "shot_noise")]
    counted = road[road["severity"] <= 3]["value"].mean()
    assert table.loc[("m", "road"), "noise"] == pytest.approx(counted)
    retention = table["suite"] / table["clean"]
    pd.testing.assert_series_equal(table["retention"], retention, check_names=False)
