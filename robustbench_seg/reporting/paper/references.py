"""BibTeX entries of the benchmark, of models and of datasets."""

from __future__ import annotations

from collections.abc import Iterable

# key -> type, title, authors, where it appeared, year, number at arXiv.
_ENTRIES: dict[str, tuple[str, str, str, str, int, str]] = {
    "hendrycks2019benchmarking": (
        "inproceedings",
        "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
        "Hendrycks, Dan and Dietterich, Thomas",
        "International Conference on Learning Representations (ICLR)",
        2019,
        "1903.12261",
    ),
    "michaelis2019benchmarking": (
        "article",
        "Benchmarking Robustness in Object Detection: Autonomous Driving when Winter is Coming",
        "Michaelis, Claudio and Mitzkus, Benjamin and Geirhos, Robert and Rusak, Evgenia and "
        "Bringmann, Oliver and Ecker, Alexander S. and Bethge, Matthias and Brendel, Wieland",
        "arXiv preprint",
        2019,
        "1907.07484",
    ),
    "kamann2020benchmarking": (
        "inproceedings",
        "Benchmarking the Robustness of Semantic Segmentation Models",
        "Kamann, Christoph and Rother, Carsten",
        "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)",
        2020,
        "1908.05005",
    ),
    "xie2021segformer": (
        "inproceedings",
        "{SegFormer}: Simple and Efficient Design for Semantic Segmentation with Transformers",
        "Xie, Enze and Wang, Wenhai and Yu, Zhiding and Anandkumar, Anima and Alvarez, Jose M. and "
        "Luo, Ping",
        "Advances in Neural Information Processing Systems (NeurIPS)",
        2021,
        "2105.15203",
    ),
    "chen2018encoder": (
        "inproceedings",
        "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
        "Chen, Liang-Chieh and Zhu, Yukun and Papandreou, George and Schroff, Florian and Adam, "
        "Hartwig",
        "European Conference on Computer Vision (ECCV)",
        2018,
        "1802.02611",
    ),
    "long2015fully": (
        "inproceedings",
        "Fully Convolutional Networks for Semantic Segmentation",
        "Long, Jonathan and Shelhamer, Evan and Darrell, Trevor",
        "IEEE Conference on Computer Vision and Pattern Recognition (CVPR)",
        2015,
        "1411.4038",
    ),
    "zhao2017pyramid": (
        "inproceedings",
        "Pyramid Scene Parsing Network",
        "Zhao, Hengshuang and Shi, Jianping and Qi, Xiaojuan and Wang, Xiaogang and Jia, Jiaya",
        "IEEE Conference on Computer Vision and Pattern Recognition (CVPR)",
        2017,
        "1612.01105",
    ),
    "mehta2018espnet": (
        "inproceedings",
        "{ESPNet}: Efficient Spatial Pyramid of Dilated Convolutions for Semantic Segmentation",
        "Mehta, Sachin and Rastegari, Mohammad and Caspi, Anat and Shapiro, Linda and Hajishirzi, "
        "Hannaneh",
        "European Conference on Computer Vision (ECCV)",
        2018,
        "1803.06815",
    ),
    "cordts2016cityscapes": (
        "inproceedings",
        "The {Cityscapes} Dataset for Semantic Urban Scene Understanding",
        "Cordts, Marius and Omran, Mohamed and Ramos, Sebastian and Rehfeld, Timo and Enzweiler, "
        "Markus and Benenson, Rodrigo and Franke, Uwe and Roth, Stefan and Schiele, Bernt",
        "IEEE Conference on Computer Vision and Pattern Recognition (CVPR)",
        2016,
        "1604.01685",
    ),
}
_BENCHMARK = ("hendrycks2019benchmarking", "michaelis2019benchmarking", "kamann2020benchmarking")
_DATASETS = {"cityscapes": "cordts2016cityscapes"}
_MODELS = {
    **{f"b{number}": "xie2021segformer" for number in range(6)},
    "deeplabv3plus": "chen2018encoder",
    "espnet": "mehta2018espnet",
    "fcn": "long2015fully",
    "pspnet": "zhao2017pyramid",
}
"""First word of a model's name -> key of its paper."""
TABLE_5 = "xie2021segformer"


def model_key(name: str) -> str:
    """Return the key of the paper of a model NAME@WEIGHTS, or "" for one without an entry."""
    model, _, weights = name.partition("@")
    return _MODELS.get(model.partition("-")[0], "") if weights else ""


def keys(models: Iterable[str], dataset: str) -> list[str]:
    """Return the keys of the benchmark, of models and of a dataset, as far as they have entries."""
    found = [*_BENCHMARK, TABLE_5, *map(model_key, models), _DATASETS.get(dataset, "")]
    return list(dict.fromkeys(filter(None, found)))


def bibtex(chosen: Iterable[str]) -> str:
    """Return the entries of these keys as a BibTeX file."""
    return "\n".join(map(_entry, chosen))


def _entry(key: str) -> str:
    kind, title, authors, where, year, arxiv = _ENTRIES[key]
    fields = {
        "author": authors,
        "title": title,
        "booktitle" if kind == "inproceedings" else "journal": where,
        "year": str(year),
        "eprint": arxiv,
        "archivePrefix": "arXiv",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])
