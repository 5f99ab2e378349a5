"""How a model was run, in words."""

from __future__ import annotations

from ..models.base import TORCH
from ..protocol.model_spec import ModelSpec
from ..protocol.spec import Spec


def settings(spec: Spec, model: ModelSpec) -> dict[str, str]:
    """Return the settings of a model as texts."""
    device = f"{spec.device}, compiled" if spec.compiled else spec.device
    if model.runtime != TORCH:
        device += f" by {model.runtime}"
    return {
        "trained on": model.trained_on,
        "weights": _weights(model),
        "input of the network": input_sizes(spec, model),
        "window": _window(spec, model),
        "class map": _class_map(spec),
        "corrupted by": _corrupted_by(spec),
        "seed": str(spec.seed),
        "random draws": str(spec.draws),
        "precision": f"{spec.precision}, on {device}",
        "versions": ", ".join(f"{name} {text}" for name, text in sorted(spec.versions.items())),
    }


def _weights(model: ModelSpec) -> str:
    digest = next((text for name, text in model.weights.items() if "sha256" in name and text), "")
    known = f"SHA-256 {digest[:16]}" if digest else "unknown digest"
    return known if model.temperature == 1 else f"{known}, temperature {model.temperature:g}"


def _window(spec: Spec, model: ModelSpec) -> str:
    whole = all(model.window.holds(spec.input_size(model, size)) for size in spec.sizes)
    return "whole image" if whole else f"slides, {model.window}"


def _class_map(spec: Spec) -> str:
    found = spec.class_map
    return f"{found.name}, {found.mode}, digest {found.digest[:16]}" if found else "none"


def _corrupted_by(spec: Spec) -> str:
    if spec.copy is not None:
        return f"a copy, digest {spec.copy.digest[:16]}"
    return "robustbench-seg" if spec.implementation == "native" else spec.implementation


def input_sizes(spec: Spec, model: ModelSpec) -> str:
    """Return the sizes at which a model sees the frames."""
    sizes = [spec.input_size(model, size) for size in spec.sizes]
    texts = list(dict.fromkeys(f"{width}x{height}" for height, width in sizes))
    return " / ".join(texts) if len(texts) < 4 else f"{texts[0]} to {texts[-1]}"
