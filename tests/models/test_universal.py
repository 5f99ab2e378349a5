"""EoMT and OneFormer, against the predictions of transformers with their own processors."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    CLIPTokenizer,
    EomtConfig,
    EomtForUniversalSegmentation,
    OneFormerConfig,
    OneFormerForUniversalSegmentation,
    SwinConfig,
)
from transformers.models.eomt.image_processing_pil_eomt import EomtImageProcessorPil
from transformers.models.oneformer.image_processing_pil_oneformer import (
    OneFormerImageProcessorPil,
)

from robustbench_seg.inference.predict import Predictor
from tests.helpers.adapters import CLASSES, open_model, refusal
from tests.helpers.foreign_models import STAGES, noise, redrawn

LABELS = {"id2label": dict(enumerate(CLASSES))}
SIDE = 64
SPLIT = {"size": {"shortest_edge": SIDE, "longest_edge": None}, "do_split_image": True}
SQUARE = {"size": {"shortest_edge": SIDE, "longest_edge": SIDE}}


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("transformers").setLevel(logging.ERROR)


def save_eomt(folder: Path, **options: Any) -> tuple[Any, Any]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = redrawn(
            EomtForUniversalSegmentation(
                EomtConfig(
                    hidden_size=32,
                    num_hidden_layers=3,
                    num_attention_heads=2,
                    image_size=SIDE,
                    num_queries=10,
                    num_blocks=1,
                    num_upscale_blocks=1,
                    **LABELS,
                )
            )
        )
    model.attn_mask_probs.zero_()  # as after a training
    processor = EomtImageProcessorPil(**options)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return model, processor


def save_oneformer(folder: Path, **config: Any) -> tuple[Any, Any, Any]:
    letters = {f"{letter}</w>" if end else letter for letter in "abcdefghiklmnst" for end in (0, 1)}
    words = ["<|startoftext|>", "<|endoftext|>", *sorted(letters), "th", "the</w>", "is</w>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    merges: Any = [("t", "h"), ("th", "e</w>"), ("i", "s</w>")]
    tokenizer = CLIPTokenizer(vocabulary, merges)
    backbone = SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 1],
        window_size=4,
        out_features=STAGES,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = redrawn(
            OneFormerForUniversalSegmentation(
                OneFormerConfig(
                    backbone_config=backbone,
                    conv_dim=32,
                    mask_dim=32,
                    hidden_dim=32,
                    encoder_feedforward_dim=16,
                    dim_feedforward=16,
                    encoder_layers=1,
                    decoder_layers=3,
                    num_attention_heads=2,
                    num_queries=10,
                    task_seq_len=24,
                    **(LABELS | config),
                )
            )
        )
    (folder / "info.json").write_text(json.dumps({"0": {"name": "road", "isthing": 0}}))
    processor = OneFormerImageProcessorPil(
        size={"shortest_edge": 70, "longest_edge": 105},
        repo_path=str(folder),
        class_info_file="info.json",
        num_text=1,
    )
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, processor, tokenizer


def assert_ours_equal(folder: Path, image: np.ndarray, processor: Any, output: Any) -> np.ndarray:
    """Compare labels and scores with those of a processor, and return its labels."""
    size = (image.shape[0], image.shape[1])
    found = processor.post_process_semantic_segmentation(
        output, [size], return_segmentation_scores=True
    )[0]
    expected: np.ndarray = found.segmentation.numpy()
    assert len(np.unique(expected)) > 2
    segmenter = open_model(f"hf:{folder}")
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    scores = predictor.logits_at(image, size, np.arange(size[0]), np.arange(size[1]))
    np.testing.assert_allclose(scores, found.segmentation_scores, rtol=0, atol=1e-4)
    labels = predictor.labels(image[np.newaxis], size)[0]
    assert np.mean(labels != expected) <= 1e-3
    return expected


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        (SPLIT, ((64, 64), (64, 101), (170, 128), (50, 190))),
        (SQUARE, ((64, 64), (101, 101))),
    ],
    ids=["split", "square"],
)
def test_eomt(tmp_path: Path, options: dict[str, Any], sizes: tuple[tuple[int, int], ...]) -> None:
    model, processor = save_eomt(tmp_path, **options)
    for size in sizes:
        image = noise(*size)
        inputs = processor(image, return_tensors="pt")
        with torch.inference_mode():
            output = model(**inputs)
        assert_ours_equal(tmp_path, image, processor, output)


def test_oneformer(tmp_path: Path) -> None:
    model, processor, tokenizer = save_oneformer(tmp_path)
    for size in ((64, 96), (101, 67), (200, 320)):
        image = noise(*size)
        pixels = processor(image, ["semantic"], return_tensors="pt")["pixel_values"]
        text = tokenizer("the task is semantic", padding="max_length", max_length=24)
        # As OneFormerProcessor, which needs torchvision, makes them.
        task = torch.tensor(text["attention_mask"]) * torch.tensor(text["input_ids"])
        with torch.inference_mode():
            output = model(pixels, task_inputs=task[None])
            other = model(pixels, task_inputs=task[None] * 0)
        expected = assert_ours_equal(tmp_path, image, processor, output)
        without = processor.post_process_semantic_segmentation(other, [size])[0].numpy()
        assert (expected != without).mean() > 0.01


def test_what_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    save_eomt(tmp_path, **SPLIT)
    path = tmp_path / "preprocessor_config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "do_pad": True}))
    assert "do_pad is not supported" in refusal(f"hf:{tmp_path}")
    path.write_text(json.dumps({**values, "size": {"shortest_edge": 64, "longest_edge": 64}}))
    assert "do_split_image needs a size with a shortest_edge alone" in refusal(f"hf:{tmp_path}")


def test_a_tokenizer_is_needed_and_digested(tmp_path: Path) -> None:
    save_oneformer(tmp_path)
    digest = open_model(f"hf:{tmp_path}").weights["sha256"]
    path = tmp_path / "tokenizer.json"
    path.write_text(path.read_text() + "\n")
    assert open_model(f"hf:{tmp_path}").weights["sha256"] != digest
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"):
        (tmp_path / name).unlink(missing_ok=True)
    assert "has no tokenizer" in refusal(f"hf:{tmp_path}")


def test_a_split_image_of_another_size_is_refused(tmp_path: Path) -> None:
    save_eomt(tmp_path, **SPLIT)
    network: Any = open_model(f"hf:{tmp_path}").network
    with pytest.raises(ValueError, match="whose shorter side has 64 pixels"):
        network(torch.zeros(1, 3, 80, 96))
