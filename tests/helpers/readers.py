"""Readers of each kind of input and the damage done to it, for tests/helpers/fuzzing.py."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from PIL import Image

import robustbench_seg
from robustbench_seg import cli, corrupt_folder
from robustbench_seg.copies.corrupted_copy import CorruptedCopy
from robustbench_seg.copies.sources import read_source
from robustbench_seg.datasets.class_maps import load_class_map
from robustbench_seg.datasets.files import FileFrame
from robustbench_seg.datasets.frame_checks import check_pair
from robustbench_seg.datasets.image_files import read_image
from robustbench_seg.datasets.label_files import read_label
from robustbench_seg.datasets.taxonomies import CITYSCAPES, load_taxonomy
from robustbench_seg.errors import InputError
from robustbench_seg.models.adapters.processor import read_processor
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import fill, open_checkpoint
from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.store import Store
from tests.helpers import samples
from tests.helpers.frames import CITY, write_tree
from tests.helpers.frames import name as frame_name
from tests.helpers.mutations import (
    mutated_bytes,
    mutated_json,
    mutated_png,
    mutated_text,
    mutated_words,
)
from tests.helpers.stored_forms import read_stored_image, read_stored_label
from tests.helpers.suite_files import RAIN_AND_GLARE

Feed = Callable[[random.Random], None]

COMMANDS = (
    "eval --model b0@random --data tree --corruptions fog --severities 1-3 --limit 1 --out run",
    "eval --model espnet@random --images yard --labels yard --classes yard.toml --out run",
    "eval --model espnet@random --data tree --frames list.txt --out run",
    "eval --model b0@random --data tree --class-map map.toml --suite suite.toml --out run",
    "eval --model b0@random --data tree --suite resolutions.toml --seed 1 --draws 2 --out run",
    "eval --model espnet@weights.safetensors --data tree --copy copy --batch 2 --out run",
    "eval --model python:net.py:make --data tree --input-scale 0.5 --precision float32 --out run",
    "report whole --format csv --out written",
    "corrupt tree other --corruptions fog --severities 1,3 --seed 2 --workers 1",
    "erf --model b0@random --data tree --limit 1 --size 64x64 --stage head --unit 3,4 --out run",
    "train --model b0 --data tree --split val --steps 1 --batch 1 --crop 32x32 --out run",
    "suites --digests --suite suite.toml",
    "datasets check tree --split val",
    "merge whole whole --out merged",
    "forecast --model b0@random --limit 3 --workers 8",
    "compare whole second --out written",
    "models",
)


NETWORK = "from torch import nn\n\ndef make():\n    return nn.Conv2d(3, 19, 1)\n"


class Done(Exception):  # noqa: N818
    """Raised in place of long work: the command line was accepted."""


class Fuzzer:
    """Damages inputs and feeds them to their readers."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.images = list(samples.images(folder / "images"))
        self.labels = list(samples.labels(folder / "labels"))
        self.checkpoints = list(samples.checkpoints(folder / "checkpoints"))
        self.network = MODELS["espnet"].build(19 + MODELS["espnet"].spare_outputs)
        self.weights = {n: v.clone() for n, v in self.network.state_dict().items()}
        for name, text in {
            "yard.toml": samples.CLASSES,
            "map.toml": samples.CLASS_MAP,
            "suite.toml": RAIN_AND_GLARE,
            "resolutions.toml": samples.RESOLUTIONS,
            "list.txt": f"{frame_name(1)}\n{CITY}/{frame_name(0)}_leftImg8bit.png\n",
        }.items():
            (folder / name).write_text(text)
        tree = write_tree(folder / "tree", 2, width=64, height=32)
        corrupt_folder(tree, folder / "copy", corruptions=["fog"], severities=[1], workers=1)
        self.manifest = (folder / "copy" / "manifest.json").read_text()
        self.table = (folder / "copy" / "images.csv").read_text()
        few: dict[str, Any] = {"corruptions": ["fog", "contrast"], "severities": [1]}
        run = robustbench_seg.evaluate(
            "b0@random", data=str(tree), out=folder / "whole", batch=1, **few
        )
        shutil.copytree(run.folder, folder / "second")
        self.database = (run.folder / FILE).read_bytes()
        self.content = _content(run.folder)
        shutil.copy(self.checkpoints[0], folder / "weights.safetensors")
        shutil.copytree(folder / "tree" / "leftImg8bit" / "val" / CITY, folder / "yard")
        for path in list((folder / "yard").iterdir()):
            image = path.rename(path.with_name(path.name.replace("leftImg8bit", "rgb")))
            label = np.arange(32 * 64, dtype=np.uint8).reshape(32, 64) % 3
            Image.fromarray(label).save(image.with_name(image.name.replace("rgb", "labels")))
        (folder / "net.py").write_text(NETWORK)
        (folder / "run").mkdir()

    def feeds(self) -> dict[str, tuple[int, Feed]]:
        """Return the share in percent and the reader of each kind of input."""
        return {
            "images": (19, self.image),
            "labels": (11, self.label),
            "stored forms": (10, self.stored_form),
            "checkpoints": (14, self.checkpoint),
            "wrapped checkpoints": (1, self.wrapped_checkpoint),
            "suites": (10, self.suite),
            "classes": (8, self.class_file),
            "class maps": (6, self.class_map),
            "copies": (4, self.copy),
            "processors": (2, self.processor),
            "run databases": (8, self.run),
            "command lines": (8, self.command),
        }

    def image(self, generator: random.Random) -> None:
        """Read a damaged image, for an evaluation and for a copy."""
        path = self._damaged_image(generator, self.images)
        with contextlib.suppress(InputError):
            read_image(path)
        read_source(path)

    def label(self, generator: random.Random) -> None:
        """Read a damaged label, alone and as part of a frame."""
        path = self._damaged_image(generator, self.labels)
        with contextlib.suppress(InputError):
            read_label(path)
        lookup = load_taxonomy("cityscapes").lookup if generator.random() < 0.5 else None
        frame = FileFrame("a", path, path, lookup, indexed=generator.random() < 0.5)
        label = frame.label()
        check_pair("a", np.zeros((*label.shape, 3), np.uint8), label, len(CITYSCAPES))

    def stored_form(self, generator: random.Random) -> None:
        """Read an image or a label that is stored in a random form."""
        read = generator.choice((read_stored_image, read_stored_label))
        read(generator, self.folder / "stored")

    def _damaged_image(self, generator: random.Random, choices: list[Path]) -> Path:
        source = generator.choice(choices)
        content = source.read_bytes()
        whole = source.suffix == ".png" and generator.random() < 0.6
        path = self.folder / f"damaged{source.suffix}"
        path.write_bytes((mutated_png if whole else mutated_bytes)(content, generator))
        return path

    def checkpoint(self, generator: random.Random) -> None:
        """Read a damaged weights file or folder, and fill a network with it."""
        source = generator.choice(self.checkpoints)
        if source.is_dir():
            path = self.folder / "damaged_folder"
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(source, path)
            target = generator.choice(sorted(path.iterdir()))
        else:
            path = target = self.folder / f"damaged{source.suffix}"
            shutil.copy(source, path)
        content = target.read_bytes()
        if target.suffix == ".json":
            target.write_bytes(mutated_json(content.decode(), generator))
        else:
            target.write_bytes(mutated_bytes(content, generator))
        checkpoint = open_checkpoint(path)
        _ = checkpoint.outputs, checkpoint.model
        fill(self.network, checkpoint)

    def wrapped_checkpoint(self, generator: random.Random) -> None:
        """Read weights in a wrapper, one of them of another kind: as they are, or not at all."""
        names = [name for name in self.weights if not name.endswith("num_batches_tracked")]
        dtype = generator.choice(
            (torch.float32, torch.float64, torch.int64, torch.bool, torch.uint8)
        )
        changed = generator.choice(names)
        tensors = {**self.weights, changed: self.weights[changed].to(dtype)}
        prefix = "".join(
            generator.choices(("module.", "net.", "a b.", "ema."), k=generator.randrange(4))
        )
        content: Any = {prefix + name: value for name, value in tensors.items()}
        for _ in range(generator.randrange(4)):
            beside: Any = generator.choice((3, argparse.Namespace(a=Path("b")), [torch.ones(2)]))
            key = generator.choice(("state_dict", "model", "x", "\n", "a" * 300))
            content = generator.choice(([content, beside], {key: content, "beside": beside}))
        path = self.folder / "damaged.pth"
        torch.save(content, path, _use_new_zipfile_serialization=generator.random() < 0.5)
        fill(self.network, open_checkpoint(path))
        assert dtype.is_floating_point, f"{changed} is loaded though it is {dtype}"
        read = self.network.state_dict()
        assert all(torch.equal(read[name], self.weights[name]) for name in names)

    def suite(self, generator: random.Random) -> None:
        """Read a damaged suite of either kind."""
        found = load_suite(
            self._damaged_text(generator, generator.choice((RAIN_AND_GLARE, samples.RESOLUTIONS)))
        )
        _ = found.digest, found.conditions

    def class_file(self, generator: random.Random) -> None:
        """Read a damaged taxonomy."""
        load_taxonomy(str(self._damaged_text(generator, samples.CLASSES)))

    def class_map(self, generator: random.Random) -> None:
        """Read a damaged class map."""
        _ = load_class_map(str(self._damaged_text(generator, samples.CLASS_MAP))).digest

    def _damaged_text(self, generator: random.Random, text: str) -> Path:
        path = self.folder / "damaged.toml"
        path.write_bytes(mutated_text(text, generator))
        return path

    def copy(self, generator: random.Random) -> None:
        """Read a corrupted copy with a damaged manifest or table."""
        copy = self.folder / "copy"
        first = generator.random() < 0.7
        (copy / "manifest.json").write_bytes(
            mutated_json(self.manifest, generator) if first else self.manifest.encode()
        )
        (copy / "images.csv").write_bytes(
            self.table.encode() if first else mutated_text(self.table, generator)
        )
        try:
            found = CorruptedCopy.open(copy)
            conditions = found.manifest.suite.corrupted
            keys = {image.path: image.key for image in found.manifest.images}
            found.check(keys, conditions)
            for key in keys.values():
                for condition in conditions:
                    found.image(key, *condition)
        finally:
            (copy / "manifest.json").write_text(self.manifest)
            (copy / "images.csv").write_text(self.table)

    def processor(self, generator: random.Random) -> None:
        """Read a damaged preprocessor configuration of transformers."""
        text = mutated_json(samples.PROCESSOR, generator)
        (self.folder / "run" / "preprocessor_config.json").write_bytes(text)
        try:
            read_processor(self.folder / "run", square=generator.random() < 0.5, divisor=32)
        finally:
            (self.folder / "run" / "preprocessor_config.json").unlink()

    def run(self, generator: random.Random) -> None:
        """Read a damaged run: its content is unchanged, or there is an error."""
        damaged = self.folder / "damaged_run"
        damaged.mkdir(exist_ok=True)
        (damaged / FILE).write_bytes(mutated_bytes(self.database, generator))
        if generator.random() < 0.3:
            with (
                contextlib.suppress(InputError),
                Store.create_or_resume(damaged, self.content[0]),
            ):
                pass
        found = _content(damaged)
        if found[2]:  # a run that lost everything starts anew
            assert found == self.content, "a damaged run has other content"

    def command(self, generator: random.Random) -> None:
        """Run a mutated command line in this process up to its long work."""
        self.run_command(mutated_words(generator.choice(COMMANDS).split(), generator))

    def run_command(self, words: list[str]) -> None:
        """Run a command line in this process up to its long work; InputError if it is refused."""
        errors = io.StringIO()
        before = os.getcwd()  # noqa: PTH109
        os.chdir(self.folder)
        try:
            with (
                _without_long_work(),
                patch.object(sys, "argv", ["robustseg", *words]),
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(errors),
            ):
                code = cli.run()
        except Done:
            return
        finally:
            os.chdir(before)
        _check(code, errors.getvalue(), words)

    def command_line(self, generator: random.Random) -> None:
        """Run a command in a new process on a damaged file or with mutated words."""
        kind = generator.randrange(3)
        if kind == 0:
            path = self._damaged_text(generator, RAIN_AND_GLARE)
            arguments = ["suites", "--digests", "--suite", str(path)]
        elif kind == 1:
            (self.folder / "damaged_run").mkdir(exist_ok=True)
            content = mutated_bytes(self.database, generator)
            (self.folder / "damaged_run" / FILE).write_bytes(content)
            arguments = ["report", str(self.folder / "damaged_run"), "--format", "csv"]
        else:
            command = generator.choice(("models", "datasets check tree --split val"))
            arguments = mutated_words(command.split(), generator)
            arguments = [word.replace("\0", "") for word in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "robustbench_seg", *arguments],
            capture_output=True,
            cwd=self.folder,
        )
        _check(done.returncode, done.stderr.decode(errors="replace"), arguments)


def _check(code: int, errors: str, words: list[str]) -> None:
    """Raise InputError for a command that was refused, AssertionError for more than one line."""
    assert code in (0, 1, 2), errors
    assert "Traceback" not in errors, errors
    if code == 2 and "datasets" not in words:  # which prints problems beside its table
        assert len(errors.strip().splitlines()) == 1, errors
        raise InputError(errors)


@contextlib.contextmanager
def _without_long_work() -> Iterator[None]:
    def stop(*arguments: Any, **options: Any) -> None:
        raise Done

    with contextlib.ExitStack() as stack:
        for name in (
            "robustbench_seg.evaluation.evaluate.execute",
            "robustbench_seg.copies.corrupting.corrupt_folder",
            "robustbench_seg.erf.measure.batch_sums",
            "robustbench_seg.training.train.train",
        ):
            stack.enter_context(patch(name, stop))
        # Without --data, commands read the small tree too, instead of rendering frames.
        stack.enter_context(patch.dict(os.environ, {"CITYSCAPES_DATASET": "tree"}))
        yield


def _content(folder: Path) -> tuple[Any, ...]:
    with Store.open(folder) as store:
        matrices = {cell: matrix.tolist() for cell, matrix in store.matrices()}
        return store.spec, store.sessions(), matrices, store.pictures(), store.failures()
