"""The data and the models that a request names."""

from __future__ import annotations

from pathlib import Path

from ..datasets.base import Dataset
from ..datasets.class_maps import MappedDataset, apply_class_map, load_class_map
from ..datasets.depth import with_depth
from ..datasets.files import FileFrame
from ..datasets.registry import open_dataset
from ..models.base import Segmenter
from ..models.class_mask import restrict_classes
from ..models.declared import override
from ..models.display_names import read_labels
from ..models.label_convention import check_convention
from ..models.registry import load_models
from ..protocol.request import Request


def open_data(request: Request) -> tuple[Dataset, MappedDataset | None]:
    """Open the dataset of a request, with labels mapped by its class map; None without one.

    Raises InputError for data, labels or class maps that do not fit.
    """
    dataset = open_dataset(
        request.data,
        request.split,
        request.limit,
        images=request.images,
        labels=request.labels,
        classes=request.classes,
        frames=request.frames,
    )
    if request.depth is not None:
        dataset = with_depth(dataset, Path(request.depth))
    if request.class_map is None:
        return dataset, None
    class_map = load_class_map(str(request.class_map))
    mapping = apply_class_map(dataset, class_map, request.class_map_mode)
    return mapping.dataset, mapping


def load_segmenters(
    request: Request, dataset: Dataset, mapping: MappedDataset | None
) -> tuple[Segmenter, ...]:
    """Load the models of a request for its data, with the input settings that it gives.

    Raises InputError for weights that are missing, or of other classes.
    """
    weights = None if request.weights is None else str(request.weights)
    classes = mapping.spec.models if mapping else dataset.class_names
    segmenters = load_models(
        request.models,
        data=mapping.model_taxonomy if mapping else dataset.name,
        taxonomy="" if mapping else dataset.taxonomy,
        weights=weights,
        classes=classes,
        class_order=request.class_order,
    )
    read_labels(request.label or {}, [segmenter.name for segmenter in segmenters])
    for segmenter in segmenters if mapping is None else ():
        first = dataset.frames[0]
        lookup = first.lookup if isinstance(first, FileFrame) else None
        values = {number: value for value, number in (lookup or {}).items()}
        check_convention(
            f"--model {segmenter.name}",
            segmenter.convention,
            dataset.class_names,
            values.get(0, 0),
        )
    segmenters = tuple(override(each, request.input_settings) for each in segmenters)
    if mapping:
        segmenters = tuple(
            restrict_classes(segmenter, mapping.kept_classes) for segmenter in segmenters
        )
    return segmenters
