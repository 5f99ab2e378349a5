"""Small models of other libraries, with random weights, as users write them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from transformers import (
    ConvNextConfig,
    DetrConfig,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    MaskFormerConfig,
    MaskFormerForInstanceSegmentation,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SwinConfig,
    UperNetConfig,
    UperNetForSemanticSegmentation,
)
from transformers.models.mask2former.image_processing_pil_mask2former import (
    Mask2FormerImageProcessorPil,
)
from transformers.models.maskformer.image_processing_pil_maskformer import (
    MaskFormerImageProcessorPil,
)
from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

SIZE = {"height": 64, "width": 96}
STAGES = ["stage1", "stage2", "stage3", "stage4"]


def noise(height: int, width: int) -> np.ndarray:
    """Return a random image, RGB uint8 (height, width, 3)."""
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def _swin() -> Any:
    return SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 1],
        window_size=4,
        out_features=STAGES,
    )


def _segformer(labels: Mapping[str, Any]) -> Any:
    return SegformerForSemanticSegmentation(
        SegformerConfig(
            hidden_sizes=[8, 8, 16, 16],
            depths=[1, 1, 1, 1],
            num_attention_heads=[1, 1, 2, 2],
            decoder_hidden_size=16,
            **labels,
        )
    )


def _upernet(backbone: Any, labels: Mapping[str, Any]) -> Any:
    return UperNetForSemanticSegmentation(
        UperNetConfig(
            backbone_config=backbone,
            hidden_size=16,
            auxiliary_in_channels=32,
            auxiliary_channels=8,
            pool_scales=[1, 2],
            **labels,
        )
    )


def _mask2former(labels: Mapping[str, Any]) -> Any:
    return Mask2FormerForUniversalSegmentation(
        Mask2FormerConfig(
            backbone_config=_swin(),
            feature_size=32,
            mask_feature_size=32,
            hidden_dim=32,
            encoder_feedforward_dim=16,
            dim_feedforward=16,
            encoder_layers=1,
            decoder_layers=2,
            num_attention_heads=2,
            num_queries=10,
            **labels,
        )
    )


def _maskformer(labels: Mapping[str, Any]) -> Any:
    decoder = DetrConfig(
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        num_queries=10,
    )
    return MaskFormerForInstanceSegmentation(
        MaskFormerConfig(
            backbone_config=_swin(),
            decoder_config=decoder,
            fpn_feature_size=32,
            mask_feature_size=32,
            **labels,
        )
    )


PEERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "segformer": _segformer,
    "upernet-swin": lambda labels: _upernet(_swin(), labels),
    "upernet-convnext": lambda labels: _upernet(
        ConvNextConfig(hidden_sizes=[8, 8, 32, 16], depths=[1, 1, 1, 1], out_features=STAGES),
        labels,
    ),
    "mask2former": _mask2former,
    "maskformer": _maskformer,
}
PROCESSORS: Mapping[str, Any] = {
    "mask2former": Mask2FormerImageProcessorPil,
    "maskformer": MaskFormerImageProcessorPil,
}


def save_peer(
    kind: str, folder: Path, classes: Sequence[str], **processor_options: Any
) -> tuple[Any, Any]:
    """Save a model of transformers and its processor in a folder, and return the two."""
    labels = {
        "id2label": dict(enumerate(classes)),
        "label2id": {name: index for index, name in enumerate(classes)},
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = redrawn(PEERS[kind](labels))
    model.save_pretrained(folder)
    processor = PROCESSORS.get(kind, SegformerImageProcessorPil)(
        **{"size": SIZE, **processor_options}
    )
    processor.save_pretrained(folder)
    return model, processor


def redrawn(model: Any) -> Any:
    """Draw the weights of a model again; with its own, one class is the largest everywhere."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim > 1:
                value.normal_(std=1.5 / value[0].numel() ** 0.5)
            if "queries_" in name:
                value *= 10
            if "mask_embedder" in name:
                value *= 2
    return model.eval()


class Convolution(nn.Module):
    """A convolution of stride 4 as a network: (N, 3, H, W) to (N, outputs, H / 4, W / 4)."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layer = nn.Conv2d(3, outputs, 7, stride=4, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.layer(x)
        return logits


def save_torchscript(path: Path, outputs: int, **extra: object) -> Convolution:
    """Save a network as TorchScript, with extra files NAME.json, and return it."""
    network = Convolution(outputs)
    files = {f"{name}.json": json.dumps(value) for name, value in extra.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch deprecates the format
        torch.jit.save(torch.jit.script(network), path, _extra_files=files)
    return network


def save_onnx(
    path: Path,
    outputs: int,
    *,
    dtype: int = TensorProto.FLOAT,
    shape: Sequence[int | str] = ("N", 3, "H", "W"),
    labels: bool = False,
    external: bool = False,
    **metadata: str,
) -> Convolution:
    """Save the same network as ONNX and return it; with `labels`, its arg-max (N, h, w).

    With `external`, its tensors are in a file of their own.
    """
    network = Convolution(outputs)
    layer = network.layer
    tensors = [
        numpy_helper.from_array(value.detach().numpy(), name)
        for name, value in layer.named_parameters()
    ]
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node(
            "Conv", ["pixels", "weight", "bias"], ["logits"], strides=[4, 4], pads=[3, 3, 3, 3]
        ),
    ]
    output = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, [shape[0], outputs, "h", "w"]
    )
    if labels:
        nodes.append(helper.make_node("ArgMax", ["logits"], ["labels"], axis=1, keepdims=0))
        output = helper.make_tensor_value_info("labels", TensorProto.INT64, [shape[0], "h", "w"])
    image = helper.make_tensor_value_info("image", dtype, shape)
    graph = helper.make_graph(nodes, "network", [image], [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    options = {"location": f"{path.name}.data", "size_threshold": 0} if external else {}
    onnx.save(model, path, save_as_external_data=external, **options)
    return network


PYTHON = """
import numpy as np
import torch
from torch import nn

from robustbench_seg.models.base import IMAGENET, Preprocessing, Segmenter, Window


def network():
    torch.manual_seed(0)
    return nn.Conv2d(3, 19, 7, stride=4, padding=3)


def by_brightness():
    return lambda image: image.sum(axis=2) % 19


def whole_segmenter():
    names = tuple("abcdefghijklmnopqrs")
    return Segmenter("mine", network(), IMAGENET, Window("slide", 64, 48), names, "my data")
"""


def write_package(folder: Path, *, entry: str = "") -> None:
    """Write a module zoo.py; with an entry `NAME = MODULE:FACTORY`, as an installed package."""
    (folder / "zoo.py").write_text(PYTHON)
    if entry:
        metadata = folder / "tiny_zoo-1.5.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-zoo\nVersion: 1.5\n")
        (metadata / "entry_points.txt").write_text(f"[robustbench_seg.models]\n{entry}\n")
