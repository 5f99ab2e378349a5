"""Preprocessing of transformers' image processors, against those processors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.image_transforms import get_size_with_aspect_ratio
from transformers.models.mask2former.image_processing_pil_mask2former import (
    Mask2FormerImageProcessorPil,
)
from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

from robustbench_seg.errors import InputError
from robustbench_seg.models.adapters.processor import read_processor
from robustbench_seg.models.preprocessing import ProcessorPreprocessing
from tests.helpers.foreign_models import SIZE, noise

PROCESSORS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "square": (SegformerImageProcessorPil, {"size": {"height": 48, "width": 48}}),
    "wide": (SegformerImageProcessorPil, {"size": SIZE}),
    "cubic": (SegformerImageProcessorPil, {"size": SIZE, "resample": 3}),
    "native": (SegformerImageProcessorPil, {"do_resize": False}),
    "grey levels": (SegformerImageProcessorPil, {"do_resize": False, "do_rescale": False}),
    "unit": (SegformerImageProcessorPil, {"do_resize": False, "do_normalize": False}),
    "edges": (Mask2FormerImageProcessorPil, {"size": {"shortest_edge": 64, "longest_edge": 90}}),
    "rounded": (Mask2FormerImageProcessorPil, {"size": {"height": 50, "width": 70}}),
    "exact": (
        Mask2FormerImageProcessorPil,
        {"size": {"shortest_edge": 64, "longest_edge": 90}, "size_divisor": 1},
    ),
}


@pytest.mark.parametrize("name", PROCESSORS)
def test_preprocessing_equals_that_of_transformers(tmp_path: Path, name: str) -> None:
    kind, options = PROCESSORS[name]
    processor = kind(**options)
    processor.save_pretrained(tmp_path)
    square = kind is SegformerImageProcessorPil
    preprocessing, _ = read_processor(tmp_path, square=square, divisor=1 if square else 32)
    for size in ((33, 47), (101, 67), (120, 240)):
        expected = processor(noise(*size), return_tensors="pt")["pixel_values"]
        prepared = preprocessing.normalise(torch.from_numpy(noise(*size)).permute(2, 0, 1)[None])
        assert prepared.shape[2:] == preprocessing.input_size(size)
        torch.testing.assert_close(prepared, expected.float(), rtol=1e-5, atol=1e-5)


@given(
    st.integers(1, 3000), st.integers(1, 3000), st.integers(16, 900), st.none() | st.integers(1, 99)
)
def test_edges_are_rounded_as_by_transformers(
    height: int, width: int, shortest: int, more: int | None
) -> None:
    longest = None if more is None else shortest + more
    expected = get_size_with_aspect_ratio((height, width), shortest, longest)
    given = ProcessorPreprocessing((0, 0, 0), (1, 1, 1), edges=(shortest, longest))
    assert given.input_size((height, width)) == expected


def test_older_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "preprocessor_config.json"
    normal = {"image_mean": [0.5, 0.25, 0], "image_std": [1, 0.5, 0.25]}
    path.write_text(json.dumps({"size": 512, **normal}))
    square, _ = read_processor(tmp_path, square=True, divisor=1)
    assert (square.size, square.mean) == ((512, 512), (127.5, 63.75, 0))
    path.write_text(json.dumps({"size": 640, "max_size": 2560, **normal}))
    edges, _ = read_processor(tmp_path, square=False, divisor=32)
    assert edges.size is None
    assert edges.input_size((1024, 2048)) == (640, 1280)
    path.write_text(json.dumps({"do_resize": False, "do_flip_channel_order": True}))
    flipped, _ = read_processor(tmp_path, square=False, divisor=1)
    assert (flipped.channels, flipped.mean, flipped.std) == ("BGR", (0, 0, 0), (255, 255, 255))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ('{"do_center_crop": true}', "do_center_crop is not supported"),
        ('{"do_resize": true}', "do_resize with size None; expected height and width"),
        ('{"size": {"height": "a"}}', "expected height and width"),
        ('{"size": 64, "resample": 1}', r"resample is 1; expected 2 \(bilinear\)"),
        ('{"image_mean": [1, 2]}', "expected image_mean and image_std of three"),
    ],
)
def test_unsupported_processors_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(InputError, match=reason) as caught:
        read_processor(tmp_path, square=True, divisor=1)
    assert str(caught.value).startswith(str(tmp_path / "preprocessor_config.json"))
