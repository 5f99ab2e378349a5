"""`onnx:FILE`: a network that onnxruntime runs on the CPU.

Its one input is float32 or float16 (N, 3, H, W), normalised, or uint8 (N, 3, H, W), the pixels. Its
first output is logits (N, classes, h, w), or labels of any integer type, (N, H, W) or (N, 1, H, W).
Channels may also be the last axis of the input, and of the output. If N is fixed to 1, images are
passed one by one; if H and W are fixed, images are resized to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import InputError
from ...reading import read_data
from ..base import IMAGENET, WHOLE, LabelFunction, Preprocessing, Segmenter, undeclared
from ..checkpoints.files import joint_digest
from ..class_names import check_class_count
from .external import existing_file, file_label, one_line_errors, provenance, require
from .metadata import parse_class_names, parse_json, parse_preprocessing
from .onnx_files import external_files

Dtype = type[np.float32] | type[np.float16] | type[np.uint8]
INPUTS: Mapping[str, Dtype] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
KEYS = ("mean", "std", "channels", "classes", "trained_on")
"""Keys of a file's metadata_props that are read: JSON, except for two of plain text."""


def load_onnx(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Load the network in an ONNX file, with mean, std, channels, classes and trained_on if given.

    Raises InputError for another kind of file, and a network of other inputs or outputs.
    """
    choice = f"onnx:{target}"
    runtime = require("onnxruntime", "onnx", choice)
    path = existing_file(choice, target, "an ONNX file")
    content = read_data(path)
    beside = external_files(path, content)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # errors are raised as well
    # Spinning threads slow the run down many times if other processes use the CPU.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with one_line_errors(choice, "not an ONNX file that onnxruntime can run"):
        if beside:
            sizes = [len(each) for each in beside.values()]
            options.add_external_initializers_from_files_in_memory(
                list(beside), list(beside.values()), sizes
            )
        # Of the bytes that were checked and hashed: the file may change meanwhile.
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    dtype, batch, size = _input_of(choice, session)
    values = _declared(path, session.get_modelmeta().custom_metadata_map)
    own = parse_class_names(f"{path}: metadata", values.get("classes"), data, classes)
    labels = _output_is_labels(choice, session, data, classes)
    assumed = undeclared(IMAGENET, values) if dtype != np.uint8 else ()
    if dtype == np.uint8:
        values |= {"mean": (0, 0, 0), "std": (1, 1, 1)}
    preprocessing = parse_preprocessing(f"{path}: metadata", values | {"size": size})
    alone = None if beside else content
    runner = OnnxNetwork(session, dtype, batch, len(classes), alone)
    return Segmenter(
        name=f"onnx:{file_label(path)}",
        network=_label_function(runner, preprocessing) if labels else runner.eval(),
        preprocessing=preprocessing,
        window=WHOLE,
        classes=own or tuple(classes),
        trained_on=str(values.get("trained_on", f"the data of {path.name}")),
        weights=provenance(path.name, joint_digest({path.name: content, **beside})),
        assumed=assumed,
    )


class OnnxNetwork(nn.Module):
    """Images float32 (N, 3, H, W) to the first output of an onnxruntime session.

    `content` is the file that the session was made of; None where it names other files.
    """

    def __init__(
        self,
        session: Any,
        dtype: Dtype,
        batch: int | None,
        classes: int,
        content: bytes | None = None,
    ) -> None:
        super().__init__()
        shape = session.get_outputs()[0].shape
        self.channels_last = _is_channels_last(session.get_inputs()[0].shape, 3)
        # Labels (N, H, W, 1) and the one logit of two classes have a channel as well.
        self.output_channels_last = any(_is_channels_last(shape, k) for k in (classes, 1))
        self.content = content
        self.session = session
        self.dtype = dtype
        self.batch = batch
        self.input = session.get_inputs()[0].name
        self.output = session.get_outputs()[0].name

    def forward(self, image: Tensor) -> Tensor:
        """Run the session, in batches of the size that it accepts."""
        if self.dtype == np.uint8:
            image = image.round().clamp(0, 255)
        pixels = image.float().cpu().numpy().astype(self.dtype)
        if self.channels_last:
            pixels = pixels.transpose(0, 2, 3, 1)  # (N, 3, H, W) -> (N, H, W, 3)
        outputs = [
            self.session.run([self.output], {self.input: np.ascontiguousarray(part)})[0]
            for part in np.split(pixels, len(pixels) // (self.batch or len(pixels)))
        ]
        output = np.concatenate(outputs)
        if output.dtype == np.float16:
            output = output.astype(np.float32)
        if self.output_channels_last:
            output = output.transpose(0, 3, 1, 2)  # (N, h, w, K) -> (N, K, h, w)
        return torch.from_numpy(output).to(image.device)


def _label_function(runner: OnnxNetwork, preprocessing: Preprocessing) -> LabelFunction:
    def labels(image: NDArray[np.uint8]) -> NDArray[Any]:
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)  # (3, H, W)
        x = preprocessing.normalise(pixels[None])
        if preprocessing.size is not None:
            x = nn.functional.interpolate(x, preprocessing.size, mode="bilinear")  # (1, 3, *size)
        given = runner(x).numpy()  # (1, h, w) or (1, 1, h, w)
        return _nearest(given.reshape(given.shape[-2:]), image.shape[:2])

    return labels


def _nearest(labels: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    rows, columns = (
        ((np.arange(wanted) + 0.5) * given / wanted).astype(int)
        for wanted, given in zip(size, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, columns)]  # (h, w) -> size


def _input_of(choice: str, session: Any) -> tuple[Dtype, int | None, tuple[int, int] | None]:
    inputs = session.get_inputs()
    shape = inputs[0].shape if inputs else []
    if (
        len(inputs) != 1
        or inputs[0].type not in INPUTS
        or len(shape) != 4
        or (isinstance(shape[1], int) and shape[1] != 3 and not _is_channels_last(shape, 3))
    ):
        given = ", ".join(f"{item.name} {item.type} {item.shape}" for item in inputs)
        raise InputError(
            f"--model {choice}: its input is {given}; expected one, float32, "
            "float16 or uint8 (N, 3, H, W)"
        )
    if _is_channels_last(shape, 3):
        shape = [shape[0], shape[3], shape[1], shape[2]]
    batch, _, height, width = (side if isinstance(side, int) else None for side in shape)
    if batch not in (None, 1):
        raise InputError(f"--model {choice}: has a fixed batch of {batch}; export it with 1 or N")
    size = (height, width) if height is not None and width is not None else None
    return INPUTS[inputs[0].type], batch, size


def _output_is_labels(choice: str, session: Any, data: str, classes: Sequence[str]) -> bool:
    output = session.get_outputs()[0]
    if "int" in output.type:
        return True
    shape = output.shape
    if len(shape) == 4 and not any(_is_channels_last(shape, k) for k in (len(classes), 1)):
        one_logit = shape[1] == 1 and len(classes) == 2
        if isinstance(shape[1], int) and not one_logit:
            check_class_count(f"--model {choice}", shape[1], len(classes), data)
    return False


def _is_channels_last(shape: Sequence[int | str | None], channels: int) -> bool:
    return len(shape) == 4 and shape[3] == channels and shape[1] != channels


def _declared(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    words = {"channels", "trained_on"}
    return {
        key: text if key in words else parse_json(f"{path}: metadata {key}", text)
        for key, text in metadata.items()
        if key in KEYS
    }
