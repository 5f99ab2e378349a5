"""Spatter against `imagecorruptions`, and each of its steps against OpenCV."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.kernels import spatter
from robustbench_seg.corruptions.kernels.spatter import relief_light
from robustbench_seg.corruptions.normals import draw_normals
from robustbench_seg.corruptions.reference import corrupt_by_reference
from robustbench_seg.corruptions.weather import spatter as definition
from robustbench_seg.corruptions.weather.canny import STRONG, edges
from robustbench_seg.corruptions.weather.distance_transform import distances
from robustbench_seg.corruptions.weather.spatter import SPATTER, THINNEST_MUD, Spatter
from tests.helpers.pictures import PICTURES, Pixels, differences, noise, real_frames, reference

cv2 = pytest.importorskip("cv2")

USUAL_BUILD = cv2.ipp.useIPP()
"""OpenCV without Intel's IPP rounds distances differently."""

SIZES = ((90, 130), (33, 47), (1, 1), (1, 9), (8, 2), (2, 7))


def undecided(severity: int, normals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where mud is within 1e-6 of its limit: the float32 of imagecorruptions decides."""
    c = Spatter(*SPATTER.at(severity))
    heights = ndimage.gaussian_filter(c.mean + c.deviation * normals, c.blur, mode="nearest")
    is_mud = (heights > c.threshold).astype(np.float64)
    mud = ndimage.gaussian_filter(is_mud, c.edge_blur, mode="nearest")
    return np.asarray(np.abs(mud - THINNEST_MUD) < 1e-6)


def assert_its_draws_give_its_pixels(
    image: Pixels, severity: int, seed: int, module: ModuleType = spatter
) -> None:
    theirs = reference(image, "spatter", severity, seed)
    np.random.seed(seed)  # noqa: NPY002
    normals = np.random.normal(size=image.shape[:2])  # noqa: NPY002
    sizes = differences(module.spattered(image, severity, normals.copy()), theirs)
    off = sizes.max(axis=-1) > 1
    if Spatter(*SPATTER.at(severity)).mud:
        decided = ~undecided(severity, normals)
        assert decided.mean() > 0.9999
        assert not off[decided].any()
    else:
        assert off.mean() <= (0 if USUAL_BUILD else 1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("kind", PICTURES)
def test_its_draws_give_its_pixels(kind: str, severity: int) -> None:
    for module in (spatter, definition):
        assert_its_draws_give_its_pixels(PICTURES[kind], severity, 8, module)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_its_draws_give_its_pixels_on_a_real_frame(severity: int, shared_data: Path) -> None:
    assert_its_draws_give_its_pixels(next(real_frames(shared_data)), severity, 3)


@pytest.mark.slow
@pytest.mark.parametrize("severity", [2, 5])
def test_its_draws_give_its_pixels_on_a_large_image(severity: int) -> None:
    assert_its_draws_give_its_pixels(noise(1024, 2048), severity, 4)


def liquids(size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return planes from few smooth drops to noise alone."""
    rng = np.random.default_rng(size)
    smooth = [(0.69, 4.0), (0.68, 3.0), (0.68, 2.0), (0.5, 0.5), (0.1, 2.0)]
    planes = [rng.integers(0, top, size).astype(np.uint8) for top in (20, 60, 256)]
    for threshold, deviation in smooth:
        heights = ndimage.gaussian_filter(rng.normal(0.65, 0.3, size), deviation, mode="nearest")
        heights = np.clip(heights, 0, 1)
        heights[heights < threshold] = 0
        planes.append((heights * 255).astype(np.uint8))
    for contrast in (100, 200, 300):  # gradients of all sizes around the two thresholds
        heights = ndimage.gaussian_filter(rng.normal(0, 1, size), 1.5) * contrast
        planes.append(np.clip(heights + 128, 0, 255).astype(np.uint8))
    return planes


@pytest.mark.parametrize("size", SIZES)
def test_edges_equal_opencv(size: tuple[int, int]) -> None:
    for plane in liquids(size):
        theirs = cv2.Canny(plane, 50, 150) > 0
        np.testing.assert_array_equal(edges(plane)[1:-1, 1:-1] == STRONG, theirs)


@pytest.mark.parametrize("size", SIZES)
def test_distances_equal_opencv(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(size)
    for share in (0.3, 0.05, 0.003):
        marks = np.zeros((size[0] + 2, size[1] + 2), np.uint8)
        marks[1:-1, 1:-1] = np.where(rng.random(size) < share, STRONG, rng.integers(0, 2, size))
        is_edge = marks[1:-1, 1:-1] == STRONG
        if not is_edge.any():
            continue
        far = cv2.distanceTransform(np.where(is_edge, 0, 255).astype(np.uint8), cv2.DIST_L2, 5)
        ours = distances(marks)
        np.testing.assert_allclose(
            ours[2:-2, 2:-2], np.minimum(far, 20), rtol=0, atol=0 if USUAL_BUILD else 2e-4
        )


def test_without_edges_all_distances_are_the_largest() -> None:
    assert (distances(np.ones((7, 9), np.uint8)) == 20).all()


@pytest.mark.parametrize("size", SIZES)
def test_the_light_of_water_equals_opencv(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(size)
    liquid = rng.integers(0, 256, size, np.uint8)
    for top in (1.0, 8.0, 20.0):
        far = np.full((size[0] + 4, size[1] + 4), 20, np.float32)
        far[2:-2, 2:-2] = ndimage.uniform_filter(rng.uniform(0, 2 * top, size), 3).clip(0, top)
        plane = far[2:-2, 2:-2].copy()
        levels = cv2.equalizeHist(cv2.blur(plane, (3, 3)).astype(np.uint8))
        relief = cv2.filter2D(levels, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
        expected = cv2.blur(relief, (3, 3)).astype(int) * liquid
        np.testing.assert_array_equal(relief_light(liquid, far), expected)


def test_noise_comes_from_the_stream() -> None:
    image, stream = PICTURES["gradients"], 2**64 - 9
    normals = draw_normals(stream, 0, image.shape[:2])
    for severity in SEVERITIES:
        ours = spatter.spatter(image, severity, stream)
        np.testing.assert_array_equal(ours, spatter.spattered(image, severity, normals.copy()))
        # In float64, hardly a pixel falls on the other side of a threshold.
        exact = spatter.spattered(image, severity, normals.astype(np.float64))
        assert (differences(ours, exact) > 1).mean() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
def test_spatters_are_distributed_as_in_imagecorruptions(severity: int) -> None:
    # 150 spatters each: mean, deviation, extent, roughness; significance 1e-3 each.
    image = np.full((72, 96, 3), 90, np.uint8)

    def statistics(result: Pixels) -> list[float]:
        values = result.astype(np.float64)
        changed = float((np.abs(values - 90) > 1).mean())
        steps = np.abs(np.diff(values, axis=1)).mean()
        return [values.mean(), values.std(), changed, steps, values[..., 2].mean()]

    ours = [statistics(corrupt(image, "spatter", severity, seed=seed)) for seed in range(150)]
    theirs = [
        statistics(corrupt_by_reference("spatter", image, severity, seed)) for seed in range(150)
    ]
    for our, their in zip(np.transpose(ours), np.transpose(theirs), strict=True):
        assert stats.ks_2samp(our, their).pvalue > 1e-3


def test_an_image_without_a_drop_stays_unchanged() -> None:
    without = 0
    for seed in range(40):
        image = noise(6, 6)
        result = corrupt(image, "spatter", 1, seed=seed)
        assert result is not image
        without += np.array_equal(result, image)
    assert 5 < without < 40
