"""Costs of a network: its parameters, and the multiply-adds of a pass over an image.

Multiply-adds are those of convolutions and matrix products. Attention is the products Q K^T and
A V: 2 N (N / R^2) C for N queries and N / R^2 keys of C channels. A copy of the network on the meta
device is counted, so it is not changed, and no size needs memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

_RECTIFIERS = (
    torch.ops.aten.relu,
    torch.ops.aten.relu_,
    torch.ops.aten.hardtanh,  # ReLU6
    torch.ops.aten.hardtanh_,
    torch.ops.aten._prelu_kernel,
)


def parameters(network: nn.Module) -> int:
    """Return the number of trained values: weights and biases, without running statistics."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, size: tuple[int, int]) -> int:
    """Return the multiply-adds that a pass over one image of size (height, width) executes."""
    return _count(_on_meta(network), size, {}) // 2  # torch counts a multiply-add as two


def activation_bytes(network: nn.Module, size: tuple[int, int], batch: int = 1) -> int:
    """Return the peak bytes of activations of a float32 pass over images of size (height, width).

    Counted are the inputs and the outputs of operations while they are needed, but neither the
    workspace of an operation nor the weights. Attention counts with its full matrix, which tiled
    kernels do not store.
    """
    shapes = _on_meta(network)
    live = _Live()
    with torch.inference_mode(), live:
        shapes(torch.empty(batch, 3, *size, device="meta"))
    return live.peak


class _Live(TorchDispatchMode):
    """Sums the bytes of the tensors that are alive after each operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no type for it
        self.peak: int = 0
        self._alive: dict[StorageWeakRef, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:  # torch's own signature
        outputs = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(outputs):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self._alive[StorageWeakRef(storage)] = storage.nbytes()
        self._alive = {ref: size for ref, size in self._alive.items() if not ref.expired()}
        self.peak = max(self.peak, sum(self._alive.values()))
        return outputs


def published_multiply_adds(network: nn.Module, size: tuple[int, int]) -> int:
    """Return the multiply-adds of a pass over an image by the rule that papers count with.

    The rule is mmcv's, which knows no synchronised batch norm: the bias of a convolution, and a
    rectifier, add one for each output; other biases, norms, activations, pooling and resampling are
    left out. A module that computes the function of its paper in a cheaper way is counted by its
    method `forward_as_published`. All numbers of SegFormer's Table 1a result.
    """
    biases = 0

    def add(module: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal biases
        biases += output.numel() if module.bias is not None else 0

    shapes = _on_meta(network)
    for module in shapes.modules():
        module.forward = getattr(module, "forward_as_published", module.forward)
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(add)
    rules = dict.fromkeys(_RECTIFIERS, lambda *_, out_shape, **__: 2 * math.prod(out_shape))
    return _count(shapes, size, rules) // 2 + biases


def _on_meta(network: nn.Module) -> nn.Module:
    """Copy a network to the meta device, in evaluation mode."""
    tensors = [*network.parameters(), *network.buffers()]
    # deepcopy takes these for copies that it has made, so no weights are copied.
    return deepcopy(network, {id(x): x.detach().to("meta") for x in tensors}).eval()


def _count(
    shapes: nn.Module, size: tuple[int, int], rules: Mapping[Any, Callable[..., int]]
) -> int:
    counter = FlopCounterMode(display=False, custom_mapping=dict(rules))
    # On the meta device attention is two counted products; a CPU's fused kernel is not counted.
    with torch.inference_mode(), counter:
        shapes(torch.empty(1, 3, *size, device="meta"))
    return counter.get_total_flops()
