"""Universal models of transformers, which classify masks, as networks that score classes.

Scores are those of their processors' post_process_semantic_segmentation.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskNetwork(nn.Module):
    """A model that classifies masks: images (N, 3, H, W) to scores (N, classes, h, w).

    A pixel's score for a class is the sum over all masks of the mask's probability at the pixel
    times its probability of the class. `mask_size`, (height, width), is the size at which they are
    summed, or None for that of the masks; `task` (tokens,) is a further input of the model.
    """

    task: Tensor | None

    def __init__(
        self, model: nn.Module, mask_size: tuple[int, int] | None, task: Tensor | None = None
    ) -> None:
        super().__init__()
        self.model = model
        self.mask_size = mask_size
        self.register_buffer("task", task)

    def forward(self, image: Tensor) -> Tensor:
        """Sum the masks (N, Q, h, w) of each class by its probabilities (N, Q, classes + 1)."""
        task = self.task
        inputs = {} if task is None else {"task_inputs": task.expand(len(image), -1)}
        output = self.model(image, **inputs)
        masks = output.masks_queries_logits.float()
        if self.mask_size is not None:
            masks = F.interpolate(masks, self.mask_size, mode="bilinear")  # -> (N, Q, *mask_size)
        # The last class stands for masks without an object.
        shares = output.class_queries_logits.float().softmax(-1)[..., :-1]  # (N, Q, classes)
        return torch.einsum("nqc, nqhw -> nchw", shares, masks.sigmoid())


class SplitNetwork(nn.Module):
    """A network of squares: images (N, 3, H, W) to scores (N, classes, H, W), as EoMT's processor.

    The shorter side of images is that of the squares. They are spread evenly along the longer side,
    and scores are averaged where they overlap.
    """

    def __init__(self, network: nn.Module, side: int) -> None:
        super().__init__()
        self.network = network
        self.side = side

    def forward(self, image: Tensor) -> Tensor:
        """Average the scores of squares."""
        shorter, longer = min(image.shape[2:]), max(image.shape[2:])
        if shorter != self.side:
            raise ValueError(f"takes images whose shorter side has {self.side} pixels")
        axis = 2 if image.shape[2] > image.shape[3] else 3
        number = math.ceil(longer / self.side)
        overlap = (number * self.side - longer) / max(number - 1, 1)
        starts = [int(index * (self.side - overlap)) for index in range(number)]
        parts = [self.network(image.narrow(axis, start, self.side)) for start in starts]
        total = parts[0].new_zeros((*parts[0].shape[:2], *image.shape[2:]))  # (N, K, H, W)
        count = torch.zeros_like(total[:1, :1])
        for start, part in zip(starts, parts, strict=True):
            total.narrow(axis, start, self.side).add_(part)
            count.narrow(axis, start, self.side).add_(1)
        return total / count
