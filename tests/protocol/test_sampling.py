"""The order of the cells of a run: a sample is balanced, and part of every larger one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_seg.errors import InputError
from robustbench_seg.protocol.sampling import CellOrder, Step, cell_order
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.protocol.suites import load_suite
from tests.helpers.sample_runs import frame, make_spec, model

few = settings(max_examples=25)


def spec_of(frames: int = 101, **changes: object) -> Spec:
    """Return a run of cityscapes-c, one condition at a time."""
    names = tuple(frame(number, group=f"city {number % 3}") for number in range(frames))
    return make_spec(frames=names, suite=load_suite("cityscapes-c"), batch=1, **changes)


def counts(steps: tuple[Step, ...], of: int) -> np.ndarray:
    """Return how often each frame (`of` 0) or group (1) is in the steps."""
    return np.bincount([step[of] for step in steps])


def test_every_cell_is_in_the_order_once_and_clean_ones_come_first() -> None:
    spec = spec_of(7, draws=2)
    order = cell_order(spec)
    steps = order.first(1)
    groups = spec.draw_groups(spec.frames[0])
    assert sorted(steps) == [(place, group) for place in range(7) for group in range(len(groups))]
    assert order.first(0) == order.clean == tuple(Step(place, 0) for place in range(7))
    assert groups[0][0].condition.name == "clean"


@few
@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_a_sample_is_part_of_every_larger_one(shares: list[float]) -> None:
    small, large = map(cell_order(spec_of(20)).first, sorted(shares))
    assert large[: len(small)] == small


def test_a_share_is_rounded_up_to_whole_cells() -> None:
    order = CellOrder((Step(0, 0),), tuple(Step(0, number) for number in range(1, 11)), 5)
    assert [order.count(share) for share in (0, 0.01, 0.1, 0.11, 0.3, 1)] == [0, 1, 1, 2, 3, 10]
    assert order.smallest_share == 0.4


@pytest.mark.slow
@pytest.mark.parametrize("frames", [60, 101, 233, 500])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.37, 0.5, 0.9])
def test_samples_are_balanced(frames: int, share: float) -> None:
    spec = spec_of(frames)
    order = cell_order(spec)
    steps = order.first(share)[len(order.clean) :]
    by_condition, by_frame = counts(steps, 1)[1:], counts(steps, 0)
    assert np.ptp(by_condition) <= 1
    assert abs(by_frame - share * 80).max() <= 4
    cities = np.array([int(item.group[-1]) for item in spec.frames])
    found = np.bincount(cities[[step.frame for step in steps]]) / len(steps)
    assert abs(found - np.bincount(cities) / frames).max() < 0.01
    # Each condition's own frames are spread over the cities too.
    own = np.zeros((81, 3))
    for step in steps:
        own[step.group, cities[step.frame]] += 1
    assert abs(own[1:] - share * np.bincount(cities)).max() <= 3


def test_conditions_of_a_frame_are_spread_over_the_corruptions() -> None:
    order = cell_order(spec_of(100))
    corruptions = np.zeros((100, 16))
    for step in order.first(0.2)[len(order.clean) :]:
        corruptions[step.frame, (step.group - 1) // 5] += 1
    assert corruptions.max() <= 3
    assert (corruptions > 0).sum(axis=1).min() >= 12  # of 16 cells of each frame


def test_each_frame_is_equally_likely_to_be_first() -> None:
    often = np.zeros((20, 80))
    for seed in range(400):
        order = cell_order(spec_of(20, seed=seed))
        for step in order.corrupted[: 2 * 80]:
            often[step.frame, step.group - 1] += 1
    expected, deviation = 400 * 2 / 20, np.sqrt(400 * 0.1 * 0.9)
    assert abs(often - expected).max() < 5 * deviation
    assert abs(often.sum(axis=1) - 80 * expected).max() < 0.1 * 80 * expected


def test_models_and_results_have_no_influence_and_the_rest_has() -> None:
    spec = spec_of(20)
    order = cell_order(spec)
    assert cell_order(replace(spec, models=(model("a"), model("b")), threads=7)) == order
    assert cell_order(replace(spec, seed=1)).corrupted != order.corrupted
    other = replace(spec, frames=tuple(frame(number + 1) for number in range(20)))
    assert cell_order(other).corrupted != order.corrupted


def test_conditions_that_are_predicted_together_are_sampled_together() -> None:
    spec = replace(spec_of(10), batch=4)
    order = cell_order(spec)
    assert max(step.group for step in order.corrupted) == 20  # 81 conditions in fours
    assert len(order.corrupted) == 10 * 20


def test_frames_that_were_taken_in_conditions_are_not_sampled() -> None:
    frames = tuple(frame(number, condition="fog") for number in range(4))
    with pytest.raises(InputError, match="--sample: the frames were taken in different conditions"):
        cell_order(make_spec(frames=frames))
