"""Compare the networks with those of others, and write the table of models.md.

    python -m docs.networks

Weights come from a formula that shows every tensor. It takes minutes and 8 GB of memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from robustbench_seg.models.base import LabelFunction
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.registry import load_model
from robustbench_seg.models.segformer import VARIANTS
from robustbench_seg.models.setr import DECODERS
from tests.helpers.efficientvit import Restated
from tests.helpers.espnetv2 import ESPNetv2
from tests.helpers.formula import image, weights_of
from tests.helpers.peer_logits import difference, fill_case, load_case, read_golden
from tests.helpers.segformers import filled, peer_of
from tests.models import test_auto_deeplab, test_pvt, test_pvtv2
from tests.models.test_cnn_forms import shapes_of
from tests.models.test_espnetv2 import CHANNELS

PAGE = Path(__file__).parent / "models.md"
START, END = "<!-- networks -->\n", "<!-- end of networks -->\n"
HEAD = "| networks | compared with | largest difference |\n|---|---|---|\n"
MMSEGMENTATION = "mmsegmentation 1.2.2"
Row = tuple[str, str, float]


def main() -> None:
    """Write the table into the page."""
    transformers.logging.disable_progress_bar()
    rows = ""
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        for networks, peer, found in compared(Path(folder)):
            rows += f"| {networks} | {peer} | {found:.1e} |\n"
            print(rows.splitlines()[-1], flush=True)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + START + HEAD + rows + END + after, encoding="utf-8")


def compared(folder: Path) -> Iterator[Row]:
    """Yield networks, their peer, and the largest difference of any of them."""
    variants = [name for name, variant in VARIANTS.items() if variant.positions is None]
    yield "SegFormer B0 to B5", "transformers", max(segformer(name, folder) for name in variants)
    path = folder / "case.pth"
    golden = read_golden("setr_mmsegmentation.json")
    for decoder in DECODERS:
        network = load_case(path, f"setr-{decoder}", golden[decoder]["shapes"], "").network
        yield DECODERS[decoder], MMSEGMENTATION, of_sizes(network, golden[decoder])
    golden = read_golden("upernet_mmsegmentation.json")
    for window in ("window7", "window12"):
        network = fill_case(path, "upernet-swin-tiny", weights_of(golden[window]["shapes"]))
        name = f"UPerNet on Swin, window of {window.removeprefix('window')}"
        yield name, MMSEGMENTATION, of_sizes(network, golden[window])
    found = max(test_pvt.encoder_difference(*size) for size in test_pvt.SIZES)
    yield "PVT, encoder", "transformers", found
    yield "PVT v2, encoder", "transformers", test_pvtv2.encoder_difference()
    sizes = test_pvtv2.SEMANTIC_FPN["logits"]
    found = max(map(test_pvtv2.semantic_fpn_difference, sizes))
    yield "Semantic FPN", MMSEGMENTATION, found
    golden = read_golden("icnet_mmsegmentation.json")["resnet18"]
    network = load_case(path, "icnet-resnet18", golden["shapes"], "").network
    yield "ICNet", MMSEGMENTATION, of_sizes(network, golden)
    for name, case in read_golden("cnn_forms_mmsegmentation.json").items():
        model, *form = name.split()
        network = load_case(path, model, shapes_of(name), case["config"]).network
        yield f"{model}, {' '.join(form)}", MMSEGMENTATION, of_sizes(network, case)
    found = max(espnetv2(scale, folder) for scale in CHANNELS)
    yield "ESPNetv2, s = 0.5 to 2", "a restatement of the authors' code", found
    found = max(test_auto_deeplab.difference(*size) for size in test_auto_deeplab.SIZES)
    yield "Auto-DeepLab", "a restatement of the authors' code", found
    yield "EfficientViT-B0", "a restatement of the formulas", efficientvit(folder)


def of_sizes(network: nn.Module | LabelFunction, case: Mapping[str, Any]) -> float:
    """Return the largest difference over the sizes of a golden case."""
    return max(difference(network, case, size) for size in case["logits"])


def relative(given: Tensor, expected: Tensor) -> float:
    """Return the largest difference, relative to the largest expected number."""
    return float((given - expected).abs().max() / expected.abs().max())


def segformer(variant: str, folder: Path) -> float:
    """Return the largest difference of a SegFormer from that of transformers."""
    peer = peer_of(variant, 5)
    peer.load_state_dict(weights_of({n: v.shape for n, v in peer.state_dict().items()}))
    peer.save_pretrained(folder / variant)
    x = image(61, 147)
    return relative(filled(open_checkpoint(folder / variant))(x), peer(x).logits)


def espnetv2(scale: float, folder: Path) -> float:
    """Return the largest difference of an ESPNetv2 from the restatement."""
    peer = ESPNetv2(20, CHANNELS[scale])
    tensors = weights_of({name: value.shape for name, value in peer.state_dict().items()})
    peer.load_state_dict(tensors)
    x = image(64, 96)
    return relative(network_of("espnetv2", tensors, 19, folder)(x), peer.eval()(x))


def efficientvit(folder: Path) -> float:
    """Return the largest difference of EfficientViT-B0 from the restatement."""
    with torch.device("meta"):
        state = MODELS["efficientvit-b0"].build(3).state_dict()
    tensors = weights_of({name: value.shape for name, value in state.items()})
    x = image(64, 96)
    return relative(network_of("efficientvit-b0", tensors, 3, folder)(x), Restated(tensors)(x))


def network_of(model: str, tensors: dict[str, Tensor], classes: int, folder: Path) -> nn.Module:
    """Return a model of a number of classes with the sizes and the values of tensors."""
    path = folder / "network_1024x512.pth"
    torch.save(tensors, path)
    names = [str(number) for number in range(classes)]
    network = load_model(model, data="formula", weights=str(path), classes=names).network
    assert isinstance(network, nn.Module)
    return network


if __name__ == "__main__":
    main()
