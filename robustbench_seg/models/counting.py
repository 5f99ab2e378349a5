"""What a network costs: its parameters, and the multiply-adds of a pass over an image.

Multiply-adds are those of convolutions and matrix products. Attention is the products Q K^T and
A V: 2 N (N / R^2) C where N queries meet N / R^2 keys of C channels. Nothing is computed, so that
no size takes memory.
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
    """Return the number of trained values: weights and biases, not running statistics."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, size: tuple[int, int]) -> int:
    """Return the multiply-adds that a pass over one image of size (height, width) executes.

    The network is left as it is.
    """
    return _count(_without_values(network), size, {}) // 2  # torch counts a multiply-add as two


def activation_bytes(network: nn.Module, size: tuple[int, int], batch: int = 1) -> int:
    """Return the most bytes that a pass in float32 over images of size (height, width) holds.

    The inputs and whatever an operation gives, for as long as it is needed; not what an operation
    takes for itself, nor the weights. Attention counts with its matrix, which kernels that work on
    tiles do without. The network is left as it is.
    """
    shapes = _without_values(network)
    live = _Live()
    with torch.inference_mode(), live:
        shapes(torch.empty(batch, 3, *size, device="meta"))
    return live.most


class _Live(TorchDispatchMode):
    """Adds up the tensors that are alive after each operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no type for it
        self.most: int = 0
        self._alive: dict[StorageWeakRef, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:  # torch's own signature
        given = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(given):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self._alive[StorageWeakRef(storage)] = storage.nbytes()
        self._alive = {ref: size for ref, size in self._alive.items() if not ref.expired()}
        self.most = max(self.most, sum(self._alive.values()))
        return given


def published_multiply_adds(network: nn.Module, size: tuple[int, int]) -> int:
    """Return the multiply-adds of a pass over an image, by the rule that papers count with.

    That of mmcv's counter, which knows no synchronised batch norm: a convolution's bias is one more
    at each output, and so is a rectifier; other biases, norms, activations, pooling and resampling
    are left out. A module that computes its function in a cheaper way than its paper writes is
    counted by its method `forward_as_published`. The network is left as it is. All figures of
    SegFormer's Table 1a come out as they are printed.
    """
    biases = 0

    def add(module: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal biases
        biases += output.numel() if module.bias is not None else 0

    shapes = _without_values(network)
    for module in shapes.modules():
        module.forward = getattr(module, "forward_as_published", module.forward)
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(add)
    rules = dict.fromkeys(_RECTIFIERS, lambda *_, out_shape, **__: 2 * math.prod(out_shape))
    return _count(shapes, size, rules) // 2 + biases


def _without_values(network: nn.Module) -> nn.Module:
    """Copy a network, in inference, with its tensors as shapes alone."""
    shapes: dict[int, Tensor] = {}
    for parameter in network.parameters():
        shape = torch.empty_like(parameter, device="meta")
        shapes[id(parameter)] = nn.Parameter(shape, requires_grad=False)
    for buffer in network.buffers():
        shapes[id(buffer)] = torch.empty_like(buffer, device="meta")
    return deepcopy(network, shapes).eval()


def _count(
    shapes: nn.Module, size: tuple[int, int], rules: Mapping[Any, Callable[..., int]]
) -> int:
    counter = FlopCounterMode(display=False, custom_mapping=dict(rules))
    # Without values attention is its two products, which are counted; a CPU's own one is not.
    with torch.inference_mode(), counter:
        shapes(torch.empty(1, 3, *size, device="meta"))
    return counter.get_total_flops()
