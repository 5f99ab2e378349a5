"""Parameters of the library's functions: what they take from Python, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustbench_seg
from robustbench_seg import InputError

LIST_OF_TEXTS = 'expected a list of texts, such as ["fog", "snow"]'
REFUSED: dict[str, tuple[Any, str]] = {
    "corruptions": ("fog", f"--corruptions 'fog': {LIST_OF_TEXTS}"),
    "severities": (1, "--severities 1: expected a list of numbers, such as [0.5, 2.0]"),
    "limit": ("1", "--limit '1': expected a whole number, such as 1"),
    "draws": (1.5, "--draws 1.5: expected a whole number, such as 1"),
    "input_scale": ("0.5", "--input-scale '0.5': expected a number, such as 0.5"),
    "strict": ("no", "--strict 'no': expected True or False"),
    "devices": ("cuda:0", f"--devices 'cuda:0': {LIST_OF_TEXTS}"),
    "device": (0, "--device 0: expected a text"),
    "data": (5, "--data 5: expected a text or a path"),
    "precision": ("fp32", "--precision fp32: use one of float32, bf16, fp16"),
    "label": (
        {"b0": 1},
        '--label {\'b0\': 1}: expected a dictionary of texts, such as {"b0": "Ours"}',
    ),
    "model": (7, f"--model 7: expected a text or {LIST_OF_TEXTS.removeprefix('expected ')}"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_of_another_type_is_refused(name: str, tmp_path: Path) -> None:
    value, message = REFUSED[name]
    with pytest.raises(InputError) as refused:
        robustbench_seg.evaluate(**{"out": tmp_path / "run", name: value})
    assert str(refused.value) == message


def test_an_unknown_parameter_is_named_with_the_nearest() -> None:
    unknown: dict[str, Any] = {"corruption": ["fog"]}
    with pytest.raises(TypeError, match=r"^evaluate has no .*'corruption'; did you mean corrupt"):
        robustbench_seg.evaluate(**unknown)


def test_numbers_of_numpy_and_paths_are_taken() -> None:
    numbers: dict[str, Any] = {"limit": np.int64(3), "severities": np.array([1, 2])}
    robustbench_seg.forecast(**numbers)
    with pytest.raises(InputError, match=r"^--data /nowhere: no such folder"):
        robustbench_seg.evaluate(data=Path("/nowhere"))
