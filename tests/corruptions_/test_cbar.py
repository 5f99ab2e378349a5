"""The corruptions of ImageNet-C-bar against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from robustbench_seg.corruptions import find
from robustbench_seg.corruptions.cbar import caustics, checkerboard, perlin, sparkles, waves
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.randomness import draw_words
from robustbench_seg.protocol.suites import load_suite
from tests.helpers.cbar import DEFINITIONS
from tests.helpers.pictures import gradients, noise

SIZES = ((2, 3), (7, 7), (9, 8), (31, 33), (64, 64), (61, 83), (128, 97))

PUBLISHED = {
    "caustic_refraction": (2.35, 3.2, 4.9, 6.6, 9.15),
    "inverse_sparkles": (1.0, 2.0, 4.0, 9.0, 10.0),
    "sparkles": (1.0, 2.0, 3.0, 5.0, 6.0),
    "perlin_noise": (4.6, 5.2, 5.8, 7.6, 8.8),
    "blue_noise_sample": (0.8, 1.6, 2.4, 4.0, 5.6),
    "plasma_noise": (4.75, 7.0, 8.5, 9.25, 10.0),
    "checkerboard_cutout": (2.0, 3.0, 4.0, 5.0, 6.0),
    "cocentric_sine_waves": (3.0, 5.0, 8.0, 9.0, 10.0),
    "single_frequency_greyscale": (1.0, 1.5, 2.0, 4.5, 5.0),
    "brownish_noise": (1.0, 2.0, 3.0, 4.0, 5.0),
}
"""Tenths of the greatest strength, by severity: the table imagenet_c_bar.csv of the authors."""

GREATEST = {
    "caustic_refraction": (0.0, 1.0),  # of the lens, in halves of the side
    "inverse_sparkles": (0.0, 1.3),  # exponent: 65 / 50
    "sparkles": (0.0, 0.1),
    "perlin_noise": (0.0, 0.5),
    "blue_noise_sample": (-2.5, 3.0),
    "plasma_noise": (0.0, 64.0),
    "checkerboard_cutout": (0.0, 1.0),
    "cocentric_sine_waves": (0.0, 128.0),
    "single_frequency_greyscale": (0.0, 196.0),
    "brownish_noise": (0.0, 64.0),
}
"""Parameter at strength 0, and what the greatest strength adds."""


@pytest.mark.slow
@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_pixels_are_those_of_the_formula(name: str) -> None:
    differing = []
    for stream, (height, width) in enumerate(SIZES):
        for image in (noise(height, width), gradients(height, width)):
            for severity in SEVERITIES:
                expected = DEFINITIONS[name](image, severity, stream)
                result = find(name).function(image, severity, stream)
                differing.append(np.abs(np.subtract(result, expected, dtype=int)).reshape(-1))
                if height > 60:
                    assert differing[-1].size > (result != image).sum() > 0
    found = np.concatenate(differing)
    assert found.max() <= 1
    assert (found > 0).mean() < 1e-4


def test_the_suite_has_the_published_corruptions_and_strengths() -> None:
    assert {name for name, _ in load_suite("imagenet-c-bar").corrupted} == set(PUBLISHED)
    for name, tenths in PUBLISHED.items():
        start, span = GREATEST[name]
        (strength,) = find(name).table.parameters
        expected = start + span * np.array(tenths) / 10
        np.testing.assert_allclose(strength.values, expected, rtol=0, atol=1e-12, err_msg=name)


def test_parameters_are_distributed_as_published() -> None:
    # 400 draws each, for an image of 90 x 200; significance 1e-3 each.
    streams = [int(each) for each in np.random.default_rng(5).integers(0, 2**63, 400)]
    found: dict[str, list[float]] = {}

    def add(**drawn: float) -> None:
        for name, value in drawn.items():
            found.setdefault(name, []).append(value)

    for stream in streams:
        across, down, phase = waves.frequency(stream)
        larger, smaller = sorted((across, down), key=abs, reverse=True)
        add(larger=larger, part=smaller / abs(larger), phase=phase)
        add(order=float(abs(across) > abs(down)) / 2 + phase / 2)  # both halves, equally often
        rings = waves.Rings.drawn(90, 200, stream)
        add(rings_x=rings.x / 200, rings_y=rings.y / 90, ring_waves=rings.waves / 10)
        add(amplitude=rings.amplitude / 9, ring_width=rings.width / 9)
        plasma = waves.Plasma.drawn(90, 200, stream)
        add(time=plasma.time / 3, sharpness=2 * plasma.sharpness - 1)
        add(scale=(plasma.scale / 90 - 0.075) / 0.125)
        add(iterations=(plasma.iterations - 4 + phase) / 3)
        star = sparkles.inverse_star(90, 200, stream)
        add(star_x=star.x / 100 - 0.5, star_y=star.y / 45 - 0.5)
        add(rays=(len(star.lengths) - 50 + phase) / 150)
        add(ray=stats.norm.cdf((star.lengths[7] / (0.25 * 90) - 1) / 0.25))
        last = sparkles.stars(90, 200, 5, stream)[-1]
        add(last_x=last.x / 200, last_y=last.y / 90)
        add(last_ray=stats.norm.cdf((last.lengths[49] / (0.06 * 90) - 1) / 0.25))
        board = checkerboard.Board.drawn(90, 200, 0.3, stream)
        add(side=(board.side / 90 - 0.1) / 0.15)
        add(angle=np.arctan2(board.sine, board.cosine) / (2 * np.pi) + 0.5)
        add(cut=float(board.cut.mean()))
        water = caustics.Water.drawn(90, 200, stream)
        add(light_time=(water.time - 0.5) / 1.5, light_size=(water.size / 90 - 0.75) * 2)

    assert np.mean(found.pop("cut")) == pytest.approx(0.3, abs=0.01)
    spans = {"larger": (-0.5, 1), "part": (-1, 2)}
    for name, values in found.items():
        assert stats.kstest(values, "uniform", args=spans.get(name, (0, 1))).pvalue > 1e-3, name


def test_perlin_gradients_point_to_a_square_lattice_and_are_shuffled() -> None:
    rng = np.random.default_rng(2)
    steps = rng.integers(-256, 256, (200_000, 2))
    theirs = np.arctan2(*steps.T)
    drawn = [perlin.lattice(stream) for stream in range(40)]
    gradients = np.concatenate([found for found, _ in drawn])
    assert stats.ks_2samp(np.arctan2(*gradients.T), theirs).pvalue > 1e-3
    np.testing.assert_allclose(np.linalg.norm(gradients, axis=1), 1, rtol=0, atol=1e-12)
    for stream, (_, order) in enumerate(drawn):
        expected = list(range(256))
        others = draw_words(stream, 512, 256) * 256.0 // 2**32
        for i, other in zip(range(255, -1, -1), others.astype(int), strict=True):
            expected[i], expected[other] = expected[other], expected[i]
        assert list(order) == expected


def test_a_plain_image_shows_the_spectra() -> None:
    # Power by frequency: f^2 in blue noise, 1 / (1 + f^2)^2 in brownish noise.
    from robustbench_seg.corruptions.cbar.spectra import spectral_noise

    along = np.fft.fftfreq(64) * 64
    frequency = np.hypot(along[:, np.newaxis], along)
    for colour, amplitude in (("blue", frequency), ("brownish", 1 / (1 + frequency**2))):
        power = np.mean(
            [
                np.abs(np.fft.fft2(spectral_noise(64, 64, colour, stream, 0))) ** 2  # type: ignore[arg-type]
                for stream in range(100)
            ],
            axis=0,
        )
        for low, high in ((1, 4), (4, 12), (12, 24), (24, 31)):
            ring = (frequency >= low) & (frequency < high)
            shares = power[ring] / amplitude[ring] ** 2
            if low == 1:
                first = shares.mean()
            assert shares.mean() == pytest.approx(first, rel=0.2), (colour, low)
