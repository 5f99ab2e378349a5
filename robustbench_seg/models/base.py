"""What a model declares: its preprocessing, its window, its classes, its training data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

from ..errors import InputError
from ..schema import Between, ReadBy

if TYPE_CHECKING:  # a stored run is read without torch, which takes seconds to load
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

Side = Annotated[int, Between(1, 2**20)]
"""Height or width in pixels."""
WindowMode = Literal["slide", "whole"]
Precision = Literal["float32", "bf16", "fp16"]
TEMPERATURES = Between(0.01, 100)
"""Numbers that logits may be divided by."""
RuntimeName = Literal["torch", "openvino"]
RuntimeChoice = Literal["auto", "torch", "openvino"]
AUTO: RuntimeChoice = "auto"
TORCH: RuntimeName = "torch"
SAVED: Final = "saved maps"
PredictedBy = Literal["torch", "openvino", "saved maps"]
"""The runtime of a model; or its predictions are read from files."""
Channels = Literal["RGB", "BGR"]
LabelFunction = Callable[["NDArray[np.uint8]"], "NDArray[Any]"]
"""A function from an RGB uint8 (H, W, 3) image to a label map (H, W) of any integer dtype."""


@dataclass(frozen=True)
class SavedPredictions:
    """Predictions that a model has made, as label maps in a folder.

    They exist for the frames and conditions of an evaluation alone. Where a function of an image is
    expected, calling it says so.
    """

    folder: Path
    values: tuple[int, ...]
    """Value of each class in the files."""
    region: str = ""
    """The part of each image that was corrupted, as `--region` has it; "": all of it."""
    seed: int = 0
    """Random seed of a region that depends on one."""

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[Any]:  # noqa: ARG002
        """Raise InputError: there is no prediction of other images."""
        raise InputError(f"{self.folder}: holds predictions for robustseg eval alone")


NOTHING = "nothing"
"""The training data of random weights."""


@dataclass(frozen=True)
class Preprocessing:
    """Normalisation of RGB uint8 images: (pixel - mean) / std, per channel.

    mean and std are in grey levels (0-255) and in the order of `channels`. `size` is (height,
    width) in pixels; None keeps the size of the image.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    channels: Channels = "RGB"
    size: tuple[Side, Side] | None = None

    def __post_init__(self) -> None:
        sides = self.size if isinstance(self.size, tuple | list) else ()
        if self.size is not None and not (
            len(sides) == 2 and all(isinstance(side, int) and side > 0 for side in sides)
        ):
            raise InputError(
                f"Preprocessing: size is {self.size!r:.60}; expected (height, width) in pixels"
            )

    def input_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (height, width) at which an image of a size enters the network."""
        return self.size or size

    def has_gradients(self, size: tuple[int, int]) -> bool:  # noqa: ARG002
        """Return whether gradients flow through it to images of a size (height, width)."""
        return True

    def without_size(self) -> Preprocessing:
        """Return the same preprocessing for images at their own size."""
        return replace(self, size=None)

    def normalise(self, images: Tensor) -> Tensor:
        """Normalise RGB uint8 (N, 3, H, W) images, at their own size, to float32 (N, 3, H, W)."""
        x = images.float()
        if self.channels == "BGR":
            x = x.flip(1)
        mean, std = (x.new_tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return (x - mean) / std


def undeclared(default: Preprocessing, declared: Collection[str]) -> tuple[str, ...]:
    """Return the settings that are taken from a default, as they are not among those declared."""
    settings = ("mean", "std", "channels", *(["size"] if default.size else []))
    return tuple(name for name in settings if name not in declared)


IMAGENET = Preprocessing(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))


class StageOutput(NamedTuple):
    """The output of a network's stage; networks list theirs in `stage_outputs`, from the first."""

    module: str
    """Name of the module that returns it, as in `nn.Module.named_modules`."""
    part: int | None = None
    """Index in the list of maps that the module returns; None for a module that returns one."""


def _sides(value: object, where: str) -> int | tuple[int, int]:
    match value:
        case int(side) if _is_side(side):
            return side
        case [int(height), int(width)] if _is_side(height) and _is_side(width):
            return height, width
    raise InputError(f"{where}: expected pixels, or height and width in pixels")


def _is_side(value: int) -> bool:
    return value is not True and 0 < value < 2**31


Sides = Annotated[int | tuple[int, int], ReadBy(_sides)]
"""Side of a square in pixels, or (height, width) of a rectangle."""


@dataclass(frozen=True)
class Window:
    """Whole-image inference, or crops in pixels whose overlapping logits are averaged.

    The default is the SegFormer authors' protocol for Cityscapes. An image with no side longer than
    the crop is taken whole in both modes.
    """

    mode: WindowMode = "slide"
    crop: Sides = 1024
    stride: Sides = 768

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of a crop."""
        return both_sides(self.crop)

    def holds(self, size: tuple[int, int]) -> bool:
        """Return whether an input of a size (height, width) is taken whole."""
        fits = size[0] <= self.crop_size[0] and size[1] <= self.crop_size[1]
        return self.mode == "whole" or fits

    def __str__(self) -> str:
        """Return the crop and the stride in words."""
        return f"crop {shown(self.crop)}, stride {shown(self.stride)}"


def both_sides(sides: Sides) -> tuple[int, int]:
    """Return the height and the width of a square or rectangle."""
    return (sides, sides) if isinstance(sides, int) else sides


def shown(sides: Sides) -> str:
    """Return the side of a square, or WIDTHxHEIGHT of a rectangle."""
    return str(sides) if isinstance(sides, int) else f"{sides[1]}x{sides[0]}"


WHOLE = Window("whole")


class LabelConvention(NamedTuple):
    """How labels were numbered in a training."""

    reduced: bool = False
    """Whether 0 was left out, and the outputs stand for the label values from 1 on."""
    ignored: int | None = None
    """Output that was left out of the loss; None: none was."""


AS_NUMBERED = LabelConvention()


@dataclass(frozen=True)
class Segmenter:
    """A trained model: a network, its preprocessing, its window and its classes.

    The network maps float32 (N, 3, H, W) to logits (N, K, h, w), those of the classes first; h and
    w may be smaller than H and W. A function from an image to its labels takes the image as it is.
    `SavedPredictions` are made already.
    """

    name: str
    network: nn.Module | LabelFunction
    preprocessing: Preprocessing
    window: Window
    classes: tuple[str, ...]
    trained_on: str
    weights: Mapping[str, str] = field(default_factory=dict)
    """Provenance of the weights: source, sha256, licence, note; shown with every result."""
    spare_outputs: int = 0
    """Number of outputs after those of the classes, which are dropped."""
    convention: LabelConvention = AS_NUMBERED
    """How its labels were numbered, which counts where the names of the classes do not tell."""
    assumed: tuple[str, ...] = ()
    """Settings of the preprocessing that no one declared and that may be wrong for the weights."""
    align_corners: bool | None = None
    """How logits are resized to labels, after they were averaged over windows at the size of the
    input, as in mmsegmentation; None: those of each window are interpolated at labels' pixels."""

    @property
    def untrained(self) -> bool:
        """Whether the weights are random and the scores meaningless."""
        return self.trained_on == NOTHING

    @property
    def takes_images(self) -> bool:
        """Whether it predicts images, and not only holds predictions."""
        return not isinstance(self.network, SavedPredictions)
