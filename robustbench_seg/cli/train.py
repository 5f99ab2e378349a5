"""`robustseg train`: train a model on a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import options


def train(
    model: Annotated[str, typer.Option(help="The model's name.")] = "b0",
    data: options.Data = None,
    split: options.Split = "train",
    frames: Annotated[
        int | None, typer.Option(min=1, help="Only the first N frames. (default: all)")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 2000,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 8,
    learning_rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 6e-4,
    crop: Annotated[
        tuple[int, int], typer.Option(help="Height and width of the crops, in pixels.")
    ] = (256, 512),
    init: Annotated[
        Path | None,
        typer.Option(help="Start from the weights in this file.", show_default=False),
    ] = None,
    seed: options.Seed = 0,
    device: options.Device = None,
    precision: Annotated[
        Literal["auto", "float32", "bf16"],
        typer.Option(help="auto is bf16 where the device is fast at it, else float32."),
    ] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Processes that read frames.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder. (default: results/train-MODEL-DATA)", show_default=False),
    ] = None,
) -> None:
    """Train a model on a dataset; the same command resumes an interrupted training.

    The folder gets `weights.safetensors`, which `eval --weights` takes, a checkpoint and a log.
    """
    from ..datasets.registry import open_dataset
    from ..inference.devices import resolve_device
    from ..models.catalogue import MODELS
    from ..models.registry import build_model
    from ..training.training import CHECKPOINT, CHECKPOINT_EVERY, Recipe, fast_precision
    from ..training.training import train as run_training
    from .console import progress_bars, say

    folder = None
    try:
        dataset = open_dataset(data, split, frames)
        chosen_device = resolve_device(device)
        recipe = Recipe(
            model=model,
            data=f"{dataset.name} {dataset.split}, {len(dataset.frames)} frames",
            steps=steps,
            batch=batch,
            learning_rate=learning_rate,
            crop=crop,
            seed=seed,
            precision=fast_precision(chosen_device) if precision == "auto" else precision,
            init=str(init or "random"),
        )
        network = build_model(model, len(dataset.classes), seed=seed, init=init)
        folder = out or Path("results") / f"train-{model}-{dataset.name}"
        with progress_bars() as progress:
            weights = run_training(
                network,
                dataset,
                recipe,
                folder,
                preprocessing=MODELS[model].preprocessing,
                device=chosen_device,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        if folder is None:
            left = "The training had not begun."
        elif (folder / CHECKPOINT).exists():
            left = f"The last checkpoint is in {folder}; the same command goes on."
        else:
            first = min(CHECKPOINT_EVERY, steps)
            left = f"Nothing is saved before step {first}; the same command begins again."
        say(f"Stopped. {left}")
        raise typer.Exit(130) from None
    say(f"Weights: {weights}")
