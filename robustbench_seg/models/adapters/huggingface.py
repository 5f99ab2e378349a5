"""`hf:REPOSITORY_OR_FOLDER`: the semantic and universal segmentation models of transformers.

Its Auto classes load them, never with a repository's code (`trust_remote_code`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...reading import SETTINGS, read_data
from ..base import IMAGENET, WHOLE, Preprocessing, Segmenter, undeclared
from ..checkpoints.files import dtype_name, plain, read_weights, sha256
from ..checkpoints.folders import CONFIG, weights_files
from ..class_names import check_class_count
from ..hub_files import REPOSITORY, NotFetchedError, fetch_optional, fetch_repository
from ..label_convention import read_convention
from .external import Logits, one_line_errors, provenance, require
from .masks import MaskNetwork, SplitNetwork
from .metadata import parse_json
from .processor import FILE as PROCESSOR
from .processor import read_processor, splits_images

MASK_SIZES: Mapping[str, tuple[int, int] | None] = {
    # The size at which post_process_semantic_segmentation sums the masks; None: the masks' size.
    "mask2former": (384, 384),
    "maskformer": None,
}
_EOMT = ("eomt", "eomt_dinov3")
UNIVERSAL = (*MASK_SIZES, "oneformer", *_EOMT)
"""Universal models that are supported."""
_SHORTEST_EDGE = {*UNIVERSAL, "mobilenet_v2", "mobilevit", "mobilevitv2"}
_TOKENIZER = ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json")
"""Files of OneFormer's tokenizer."""


def load_huggingface(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Load a model of transformers from a folder or a repository on the Hugging Face hub.

    Files in the hub's cache are not downloaded again. Raises InputError for other models and files.
    """
    choice = f"hf:{target}"
    require("transformers", "hf", choice)
    folder, source = _find_folder(choice, target)
    names = (CONFIG, PROCESSOR, *(_TOKENIZER if _is_oneformer(folder) else ()))
    described = [folder / name for name in names if (folder / name).exists()]
    with one_line_errors(choice, "transformers cannot read it"), _quiet():
        digest = sha256(*described, *weights_files(folder))
        config, model = _read(choice, folder)
        if sha256(*described, *weights_files(folder)) != digest:  # transformers opens them itself
            raise InputError(f"{folder}: was changed while it was read; run the command again")
    own = _class_names(config)
    if (config.num_labels, len(classes)) != (1, 2):  # one logit stands for two classes
        check_class_count(folder, config.num_labels, len(classes), data)
    kind = config.model_type
    preprocessing, notes = read_processor(
        folder,
        square=kind not in _SHORTEST_EDGE,
        divisor=32 if kind in MASK_SIZES else 1,
        splits=kind in _EOMT,
    )
    if kind in UNIVERSAL:
        with _quiet():
            model = _scoring(choice, folder, model, preprocessing)
    name = target if source.startswith("https") else folder.resolve().name
    return Segmenter(
        name=f"hf:{name}",
        network=Logits(model).eval(),
        preprocessing=preprocessing,
        window=WHOLE,
        classes=own if own and len(own) > 1 else tuple(classes),
        trained_on=f"the data of {name}",
        weights=provenance(source, digest, *notes),
        convention=read_convention(folder, own, classes),
        assumed=undeclared(IMAGENET, ()) if notes else (),
    )


def _scoring(
    choice: str, folder: Path, model: nn.Module, preprocessing: Preprocessing
) -> nn.Module:
    """Return a universal model as a network that scores classes, as its processor does."""
    config: Any = model.config
    kind = config.model_type
    if kind == "oneformer":
        return MaskNetwork(model, None, _task_tokens(choice, folder, config.task_seq_len))
    if kind not in _EOMT:
        return MaskNetwork(model, MASK_SIZES[kind])
    edges = getattr(preprocessing, "edges", None)
    shortest, longest = edges or (config.image_size, None)
    network = MaskNetwork(model, (shortest, longest or shortest))
    if not splits_images(folder):
        return network
    if edges is None or longest is not None:
        raise InputError(
            f"{folder / PROCESSOR}: do_split_image needs a size with a shortest_edge alone, the "
            "side of the squares; write it"
        )
    return SplitNetwork(network, shortest)


def _task_tokens(choice: str, folder: Path, length: int) -> Tensor:
    """Return OneFormer's tokens of its semantic task, (length,). Raises InputError."""
    from transformers import AutoTokenizer

    if not any((folder / name).exists() for name in _TOKENIZER):
        raise InputError(
            f"{folder}: has no tokenizer, in which OneFormer's task is written; copy "
            f"{' and '.join(_TOKENIZER[1:3])} there"
        )
    with one_line_errors(choice, "transformers cannot read its tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
        found = tokenizer(
            "the task is semantic", padding="max_length", max_length=length, truncation=True
        )
        # As its processor: tokens after the text are 0.
        return torch.tensor(found["input_ids"]) * torch.tensor(found["attention_mask"])


def _find_folder(choice: str, target: str) -> tuple[Path, str]:
    """Return the folder of a transformers model, given as a folder or repository, and its source.

    A repository is downloaded unless it is in the hub's cache. Raises InputError.
    """
    folder = Path(target)
    if folder.is_dir():
        if not (folder / CONFIG).exists():
            raise InputError(f"--model {choice}: no {CONFIG} in this folder; give one that has it")
        return folder, folder.resolve().name
    if folder.exists() or not REPOSITORY.fullmatch(target):
        raise InputError(
            f"--model {choice}: no such folder; give a folder, or a repository OWNER/NAME"
        )
    try:
        folder = fetch_repository(target)
        optional = (PROCESSOR, *(_TOKENIZER if _is_oneformer(folder) else ()))
        for name in optional:
            fetch_optional(target, name, folder)
    except NotFetchedError as error:
        raise InputError(
            f"--model {choice}: no such folder, and as a repository it {error}, or give a folder"
        ) from error
    # The hub's cache names its folders by the commit.
    return folder, f"https://huggingface.co/{target} at {folder.name}"


def _is_oneformer(folder: Path) -> bool:
    config = parse_json(str(folder / CONFIG), read_data(folder / CONFIG, SETTINGS))
    return isinstance(config, dict) and config.get("model_type") == "oneformer"


def _read(choice: str, folder: Path) -> tuple[Any, nn.Module]:
    from transformers import (
        AutoConfig,
        AutoModelForSemanticSegmentation,
        AutoModelForUniversalSegmentation,
    )

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    if type(config) in AutoModelForSemanticSegmentation._model_mapping:
        reader = AutoModelForSemanticSegmentation
    elif config.model_type in UNIVERSAL:
        reader = AutoModelForUniversalSegmentation
        config.is_training = False  # OneFormer would ask for the texts of a training
    else:
        raise InputError(
            f"--model {choice}: {config.model_type} models are not supported; use a model of "
            f"AutoModelForSemanticSegmentation, or {' or '.join(UNIVERSAL)}"
        )
    model, found = reader.from_pretrained(
        folder,
        config=config,
        trust_remote_code=False,
        local_files_only=True,
        weights_only=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    if lacking := sorted([*found["missing_keys"], *map(str, found["mismatched_keys"])]):
        first = ", ".join(lacking[:3]) + (", ..." if len(lacking) > 3 else "")
        raise InputError(
            f"{folder}: {len(lacking)} tensors of the model are missing from the weights, or of "
            f"another shape: {first}"
        )
    _check_kinds(folder, model)
    return config, model


def _check_kinds(folder: Path, model: nn.Module) -> None:
    """Raise InputError for whole numbers in place of weights, which transformers would convert."""
    counts = {
        name.rpartition(".")[2]
        for name, value in model.state_dict().items()
        if not value.is_floating_point()
    }
    for path in weights_files(folder):
        if path.suffix in (".safetensors", ".bin"):
            for name, value in plain(path, read_weights(path).tensors).items():
                if not value.is_floating_point() and name.rpartition(".")[2] not in counts:
                    raise InputError(
                        f"{path}: {name} is {dtype_name(value)} instead of float32; save the "
                        "weights as they were trained"
                    )


def _class_names(config: Any) -> tuple[str, ...] | None:
    names = tuple(str(config.id2label[index]) for index in sorted(config.id2label))
    # transformers writes LABEL_0, LABEL_1, ... for classes without names.
    return None if "LABEL_0" in names else names


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence transformers' progress bars, and its warnings of errors that it also raises."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
