"""Weights computed from their names and shapes, which tests therefore need not store."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor


def weights_of(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Draw weights that keep activations in range and let every tensor and epsilon matter."""
    weights = {}
    for name, shape in shapes.items():
        random = np.random.default_rng(zlib.crc32(name.encode()))
        draws = np.asarray(random.standard_normal(tuple(shape)))
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(0)
            continue
        if draws.ndim > 1:
            draws = draws * math.sqrt(2 / math.prod(shape[1:]))
        elif name.endswith((".weight", "running_var")):
            draws = 1 + 0.3 * np.tanh(draws)
        else:
            draws = 0.1 * draws
        # Small inputs of the encoder's layer norms make their epsilons matter.
        small = any(
            part in name for part in ("patch_embed", "sr.", "reduction.", "backbone.layers.0.0.")
        )
        weights[name] = torch.tensor(draws * (0.01 if small else 1)).float()
    return weights


def image(height: int, width: int) -> Tensor:
    """Return an input (1, 3, height, width)."""
    return torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, height, width))).float()
