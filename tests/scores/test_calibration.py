"""Scores of confidences against torchmetrics, scikit-learn and definitions pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from robustbench_seg.corruptions import corrupt
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.registry import load_model
from robustbench_seg.scores.calibration import BIN_SCORES, equal_width, reliability, risk_at
from robustbench_seg.scores.calibration_counts import CalibrationCounts, coarse_bins
from robustbench_seg.scores.class_confidence import class_bins, class_table
from robustbench_seg.scores.confidence_bins import split_counts
from robustbench_seg.scores.counters import Prediction, Probabilities
from robustbench_seg.scores.counters.confidence import Confidence
from robustbench_seg.scores.metrics import Matrix
from robustbench_seg.scores.sum_bootstrap import SumBootstrap

COUNTER = Confidence()
CLASS_COLUMNS = ["class", "accuracy", "mean_confidence", "ece"]
KINDS = ("unsure", "sure", "uniform")
kinds = pytest.mark.parametrize("kind", KINDS)


@dataclass
class Pixels:
    """Pixels of a frame: their confidences, and whether they are right."""

    top: NDArray[np.float32]
    right: NDArray[np.bool_]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Counts of two classes, (n,)."""
        truth = np.zeros((1, len(self.top)), np.uint8)
        zeros = np.zeros(truth.shape, np.float32)
        maps = Probabilities(self.top[np.newaxis], zeros, zeros)
        labels = (~self.right)[np.newaxis].astype(np.uint8)
        return COUNTER.count(truth, Prediction(labels, maps), 2, 2)

    @property
    def bins(self) -> NDArray[np.int64]:
        """Coarse bins, (3, COARSE)."""
        return coarse_bins(split_counts(self.counts))

    def expected(self) -> dict[str, float]:
        """Return scores by their definitions, from each pixel."""
        confidence, right = self.top.astype(np.float64), self.right
        order = np.argsort(-confidence, kind="stable")
        risks = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
        risk = (~right).mean()
        event = np.where(right, confidence, np.maximum(1 - confidence, 2.0**-21))
        threshold = np.quantile(confidence[right], 0.05, method="inverted_cdf")
        parts = np.array_split(order[::-1], 15)
        gaps = [abs(confidence[part].sum() - right[part].sum()) for part in parts]
        found = {
            "ece": self.gaps()[0].sum() / len(order),
            "mce": np.max(self.gaps()[0] / self.gaps()[1]),
            "ece_equal_mass": np.sum(gaps) / len(order),
            "mean_confidence": confidence.mean(),
            "top_label_brier": ((confidence - right) ** 2).mean(),
            "top_label_nll": -np.log(event).mean(),
            "fpr95": (confidence[~right] >= threshold).mean(),
            "aurc": risks.mean(),
            "e_aurc": risks.mean() - (risk + (1 - risk) * np.log(1 - risk)),
        }
        for share in (50, 80, 95):
            surest = order[: round(len(order) * share / 100)]
            found[f"accuracy_surest_{share}"] = right[surest].mean()
        return {name: float(score) for name, score in found.items()}

    def gaps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return |sum of confidences - right pixels| and the pixels of the bins that have any."""
        bins = np.minimum((self.top * 15).astype(int), 14)
        confidence, right = (np.bincount(bins, part, 15) for part in (self.top, self.right))
        pixels = np.bincount(bins, minlength=15)
        return np.abs(confidence - right)[pixels > 0], pixels[pixels > 0].astype(float)


def scores_of(counts: NDArray[np.int64], *, own_classes: bool = True) -> dict[str, float]:
    """Return the scores of a run with counts (n,) of its only frame."""
    measured = CalibrationCounts(1, [("clean", 0, 0)], own_classes)
    no_matrices: Matrix = np.zeros((1, 2, 2), np.int64)
    measured.add([0], [("clean", 0, 0)], no_matrices, counts[np.newaxis])
    return {name: value_of(score) for name, score in measured.scores().items()}


def value_of(score: SumBootstrap) -> float:
    """Return a score of the only condition."""
    return float(score.values.to_numpy()[0, 0])


def drawn(kind: str, size: int = 200_000) -> Pixels:
    """Return pixels of a kind of model."""
    rng = np.random.default_rng(2)
    top = {
        "unsure": lambda: rng.beta(3, 2, size),
        "sure": lambda: 1 - 10 ** rng.uniform(-8, -0.5, size),
        "uniform": lambda: rng.random(size),
    }[kind]()
    return Pixels(top.astype(np.float32), rng.random(size) < top**1.5)


@kinds
def test_scores_are_those_of_each_pixel(kind: str) -> None:
    pixels = drawn(kind)
    found = scores_of(pixels.counts)
    for name, expected in pixels.expected().items():
        assert found[name] == pytest.approx(expected, abs=1e-3), name


@kinds
def test_calibration_errors_are_those_of_torchmetrics(kind: str) -> None:
    classification = pytest.importorskip("torchmetrics.functional.classification")
    pixels = drawn(kind)
    found = scores_of(pixels.counts)
    top, right = torch.from_numpy(pixels.top), torch.from_numpy(pixels.right)
    for name, norm in (("ece", "l1"), ("mce", "max")):
        expected = classification.binary_calibration_error(top, right, n_bins=15, norm=norm)
        assert found[name] == pytest.approx(float(expected), abs=1 / 1200)  # the bound
    auroc = float(classification.binary_auroc(top, right.long()))
    assert found["auroc"] == pytest.approx(auroc, abs=5e-4)


@kinds
def test_auroc_and_brier_are_those_of_scikit_learn(kind: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    pixels = drawn(kind)
    found = scores_of(pixels.counts)
    with_right, with_wrong = (
        metrics.roc_auc_score(pixels.right, pixels.top),
        metrics.roc_auc_score(~pixels.right, 1 - pixels.top),
    )
    assert with_right == pytest.approx(with_wrong)
    assert found["auroc"] == pytest.approx(with_right, abs=5e-4)
    brier = metrics.brier_score_loss(pixels.right, pixels.top)
    assert found["top_label_brier"] == pytest.approx(brier, abs=1e-5)


def test_reliability_is_that_of_each_bin() -> None:
    pixels = drawn("uniform")
    for number in (10, 15, 20):
        found = reliability(equal_width(pixels.bins, number))
        places = np.minimum((pixels.top * number).astype(int), number - 1)
        for place in range(number):
            own = places == place
            assert found.confidence[place] == pytest.approx(pixels.top[own].mean(), abs=1 / 1200)
            assert found.accuracy[place] == pytest.approx(pixels.right[own].mean())
            assert found.share[place] == pytest.approx(own.mean())


def test_risk_grows_to_the_share_of_wrong_pixels() -> None:
    pixels = drawn("sure")
    risks = risk_at(pixels.bins, np.linspace(0.01, 1, 100))
    assert risks[-1] == pytest.approx((~pixels.right).mean())
    surest = np.argsort(-pixels.top)[:20_000]
    assert risks[9] == pytest.approx((~pixels.right[surest]).mean(), abs=1e-3)


def test_stacks_of_bins_have_stacks_of_scores() -> None:
    """As for the resamples of a bootstrap, whose sums are float64."""
    bins = [drawn(kind).bins for kind in KINDS]
    stacked = np.stack(bins)[np.newaxis].astype(np.float64)  # (1, 3, 3, COARSE)
    for name, score in BIN_SCORES.items():
        np.testing.assert_array_equal(score(stacked), [[score(part) for part in bins]], name)


def all_alike(top: float, right: bool) -> dict[str, float]:
    """Return the scores of pixels that all are right or wrong, with one confidence."""
    return scores_of(Pixels(np.full(1000, top, np.float32), np.full(1000, right)).counts)


def undefined(scores: dict[str, float]) -> set[str]:
    return {name for name, score in scores.items() if np.isnan(score)}


def test_without_errors_telling_them_is_not_defined() -> None:
    scores = all_alike(1, True)
    assert undefined(scores) == {"auroc", "fpr95"}
    for name in scores.keys() - undefined(scores):
        perfect = 1 if name.startswith(("mean_confidence", "accuracy")) else 0
        assert scores[name] == pytest.approx(perfect, abs=1e-6), name


def test_sure_and_always_wrong_is_the_worst() -> None:
    scores = all_alike(1, False)
    assert undefined(scores) == {"auroc", "fpr95"}
    for name in ("ece", "ece_equal_mass", "mce", "top_label_brier", "aurc"):
        assert scores[name] == pytest.approx(1, abs=1e-6), name
    assert scores["top_label_nll"] == pytest.approx(21 * np.log(2), abs=1e-3)
    assert scores["e_aurc"] == pytest.approx(0)
    assert scores["accuracy_surest_50"] == 0


def test_one_confidence_for_all_tells_nothing() -> None:
    scores = scores_of(Pixels(np.full(1000, 0.7, np.float32), np.arange(1000) % 2 == 0).counts)
    assert scores["auroc"] == pytest.approx(0.5)
    assert scores["fpr95"] == pytest.approx(0.95)
    assert scores["aurc"] == pytest.approx(0.5)
    assert scores["ece"] == scores["mce"] == pytest.approx(0.2, abs=1e-3)


def test_an_ece_has_15_bins() -> None:
    """With 10 or 20, the two confidences would be in two bins."""
    top = np.repeat(np.array([0.68, 0.72], np.float32), 500)
    scores = scores_of(Pixels(top, top > 0.7).counts)
    assert scores["ece"] == scores["mce"] == pytest.approx(0.2, abs=1e-3)


def test_without_pixels_nothing_is_defined() -> None:
    counts = np.zeros(COUNTER.shape(2, 2), np.int64)
    scores = scores_of(counts)
    assert undefined(scores) == scores.keys()
    assert np.isnan(reliability(coarse_bins(split_counts(counts)))).all()


def test_scores_of_all_classes_need_their_probabilities() -> None:
    counts = np.ones(COUNTER.shape(2, 3), np.int64)
    all_scores = scores_of(np.ones(COUNTER.shape(2, 2), np.int64))
    assert all_scores.keys() - scores_of(counts, own_classes=False) == {"brier", "nll"}


def test_counts_of_images_are_resampled() -> None:
    measured = CalibrationCounts(12, [("clean", 0, 0)], True)
    rng = np.random.default_rng(5)
    for image in range(12):
        top = rng.uniform(0.3, 1, 2000).astype(np.float32)
        pixels = Pixels(top, rng.random(2000) < top ** (1 + image / 12))
        no_matrices: Matrix = np.zeros((1, 2, 2), np.int64)
        measured.add([image], [("clean", 0, 0)], no_matrices, pixels.counts[np.newaxis])
    for name, score in measured.scores().items():
        value, samples = value_of(score), score.samples.to_numpy()
        if name in ("brier", "nll"):  # of which `Pixels` has none
            assert value == 0
        else:
            assert samples.min() < value < samples.max(), name
    some = measured.in_order(np.arange(6)).scores()["ece"]
    seen = np.arange(12)[:, np.newaxis] < 6
    assert value_of(measured.only(seen).scores()["ece"]) == value_of(some)


@pytest.mark.slow
@pytest.mark.parametrize("corruption", [None, "gaussian_noise"])
def test_scores_of_real_frames_are_those_of_each_pixel(
    corruption: str | None, shared_data: Path
) -> None:
    dataset = open_dataset(str(shared_data / "data" / "camvid"))
    choice = f"b0@{shared_data / 'weights' / 'segformer_b0_camvid'}"
    segmenter = load_model(choice, data="camvid", classes=dataset.class_names)
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    total = np.zeros(COUNTER.shape(11, 11), np.int64)
    parts: list[list[NDArray[Any]]] = []
    for frame in dataset.frames[:60:20]:
        label, image = frame.label(), np.array(frame.image())
        if corruption:
            image = corrupt(image, corruption, 3, seed=1)
        (prediction,) = predictor.predict(image[np.newaxis], label, probabilities=True)
        assert prediction is not None
        assert prediction.probabilities is not None
        total += COUNTER.count(label, prediction, 11, 11)
        maps = (*prediction.probabilities, prediction.labels == label, prediction.labels)
        parts.append([each[label < 11] for each in maps])
    top, log_truth, brier, right, labels = map(np.concatenate, zip(*parts, strict=True))
    found, expected = scores_of(total), Pixels(top, right).expected()
    expected["brier"] = float(brier.mean(dtype=np.float64))
    expected["nll"] = -float(log_truth.mean(dtype=np.float64))
    for name, score in expected.items():
        assert found[name] == pytest.approx(score, abs=1e-3), name
    table = class_table([("b0", {"fog": class_bins(total)})], list("abcdefghijk"))
    for name, accuracy, confidence, ece in table[CLASS_COLUMNS].to_numpy():
        number = "abcdefghijk".index(name)
        own = Pixels(top[labels == number], right[labels == number])
        assert accuracy == pytest.approx(own.right.mean())
        assert confidence == pytest.approx(own.top.mean(dtype=np.float64), abs=1e-3)
        assert ece == pytest.approx(own.gaps()[0].sum() / len(own.top), abs=1e-3), number
    metrics = pytest.importorskip("sklearn.metrics")
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(right, top), abs=5e-4)
