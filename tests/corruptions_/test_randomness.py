"""SplitMix64: its published words, words by number, and randomness of the bits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from robustbench_seg.corruptions.randomness import draw_words

STREAMS = (0, 1, 2**63, 2**64 - 1, 0x7FC5B503A1C867EC)


@pytest.mark.parametrize(
    ("seed", "published"),
    [
        (  # prng.di.unimi.it/splitmix64.c, started with 0
            0,
            (
                *(0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F),
                *(0xF88BB8A8724C81EC, 0x1B39896A51A8749B),
            ),
        ),
        (  # rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
            1234567,
            (
                *(6457827717110365317, 3203168211198807973, 9817491932198370423),
                *(4593380528125082431, 16408922859458223821),
            ),
        ),
    ],
)
def test_the_words_are_the_published_ones(seed: int, published: tuple[int, ...]) -> None:
    lower, upper = draw_words(seed, 0, 10).astype(np.uint64).reshape(-1, 2).T
    np.testing.assert_array_equal(upper << np.uint64(32) | lower, np.array(published, np.uint64))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_word_depends_only_on_its_number(stream: int) -> None:
    words = draw_words(stream, 0, 1000)
    for start, count in ((0, 2), (2, 510), (512, 488), (998, 2)):
        np.testing.assert_array_equal(
            draw_words(stream, start, count), words[start : start + count]
        )
    far = 3 * 2**40  # the number of a value in the largest image
    np.testing.assert_array_equal(draw_words(stream, far, 8)[2:], draw_words(stream, far + 2, 6))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_bytes_and_neighbouring_bytes_are_uniform(stream: int, shift: int) -> None:
    # Significance 1e-4 each; the streams are fixed, so the result is always the same.
    bytes_ = (draw_words(stream, 0, 2**20) >> np.uint32(shift)).astype(np.uint8)
    assert stats.chisquare(np.bincount(bytes_, minlength=256)).pvalue > 1e-4
    pairs = bytes_[:-1].astype(np.int64) * 256 + bytes_[1:]
    assert stats.chisquare(np.bincount(pairs, minlength=65536)).pvalue > 1e-4


@pytest.mark.parametrize("other", [1, 2, 2**32, 2**63])
def test_streams_whose_seeds_differ_in_a_bit_are_independent(other: int) -> None:
    # The number of equal bits is binomial: 5 deviations, 6e-7 for each of 32 positions.
    equal = ~(draw_words(0, 0, 2**16) ^ draw_words(other, 0, 2**16))
    bits = np.unpackbits(equal.view(np.uint8)).reshape(-1, 32)  # (65536, 32)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / 2**8
