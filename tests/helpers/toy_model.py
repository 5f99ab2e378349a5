"""Toy: a strided convolution and a classifier, the smallest model that the catalogue can take."""

from torch import Tensor, nn

from robustbench_seg.models.base import StageOutput
from robustbench_seg.models.model import Model


class Toy(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, H / 4, W / 4)."""

    stage_outputs = (StageOutput("embed"),)

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 7, stride=4, padding=3)
        self.classify = nn.Conv2d(8, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits."""
        x = self.embed(image).relu()  # (N, 3, H, W) -> (N, 8, H / 4, W / 4)
        logits: Tensor = self.classify(x)  # (N, classes, H / 4, W / 4)
        return logits


MODEL = Model(
    name="toy",
    title="A toy, without a paper",
    description="Toy",
    build=Toy,
    keys=("embed.weight",),
    classifier="classify.weight",
)
