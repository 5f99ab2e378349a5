"""The PNG encoder, checked by the decoders of Pillow and OpenCV."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from robustbench_seg.png import encode_png, write_png


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)).flatmap(
        lambda shape: arrays(np.uint8, shape)
    )
)
def test_pillow_reads_what_was_written(image: np.ndarray) -> None:
    with Image.open(BytesIO(encode_png(image))) as file:
        assert file.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(file), image)


def test_opencv_reads_what_was_written() -> None:
    import cv2

    image = np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8)
    read = cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    np.testing.assert_array_equal(read[..., ::-1], image)


def test_strided_views_are_encoded_alike() -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    assert encode_png(image[::2, ::-1]) == encode_png(image[::2, ::-1].copy())


def test_files_are_written_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    write_png(tmp_path / "x.png", image)
    before = (tmp_path / "x.png").read_bytes()

    def cut_off(path: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", cut_off)
    for name in ("x.png", "y.png"):
        with pytest.raises(KeyboardInterrupt):
            write_png(tmp_path / name, image + 1)
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
    assert (tmp_path / "x.png").read_bytes() == before
