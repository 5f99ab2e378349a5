"""OpenVINO: Intel's runtime for the CPUs of x86 and Arm (https://docs.openvino.ai).

A network is converted by each process for each size of its input: its forward pass is traced, which
takes about a second longer than the pass itself and gives torch's logits to compare with. So
nothing is kept on disk. `onnx:` files are read by OpenVINO and compared with onnxruntime.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, partial
from queue import SimpleQueue
from threading import Lock
from types import ModuleType
from typing import Any, cast

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.adapters.onnx import OnnxNetwork
from ...models.base import Precision
from ...prefetch import end_if_closed
from ...protocol.input_geometry import Size
from ..windows import joined
from .runtime import Run, UnsuitableError, check_agreement

PRECISIONS: Mapping[Precision, str] = {"float32": "f32", "bf16": "bf16"}
NAME = "OpenVINO"
SIZES = 8
"""Number of input sizes whose compiled networks are kept in memory."""


def load(network: nn.Module, precision: Precision, streams: int = 1) -> EachSize:
    """Return a function that runs a network, see `runtime.Load`."""
    openvino = _import_without_telemetry()
    if openvino is None:
        raise UnsuitableError(f"{NAME} is not installed")
    if precision not in PRECISIONS:
        raise UnsuitableError(f"{NAME} does not compute in {precision} on a CPU")
    core = openvino.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise UnsuitableError("this processor does not compute in bf16")
    compiler = _Compiler(core, PRECISIONS[precision], torch.get_num_threads(), streams)
    of_file = any(isinstance(module, OnnxNetwork) for module in network.modules())
    return EachSize(network, partial(_read if of_file else _convert, compiler), precision)


@dataclass(frozen=True)
class _Compiler:
    """OpenVINO and the settings with which it compiles models."""

    core: Any
    precision: str
    threads: int
    streams: int

    def compile(self, model: Any, shape: Sequence[int]) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """Return a function that runs a model on an input of a shape."""
        model.reshape(list(shape))  # about 1.5 times as fast as a model for all shapes
        settings = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": self.threads,
            "NUM_STREAMS": self.streams,
            "ENABLE_CPU_PINNING": False,  # a pinned thread waits while other work has its core
        }
        compiled = self.core.compile_model(model, "CPU", settings)
        free = SimpleQueue[Any]()
        for _ in range(self.streams):
            free.put(compiled.create_infer_request())

        def run(values: NDArray[Any]) -> NDArray[Any]:
            request = free.get()
            try:
                end_if_closed()  # while it waited for another pass
                output: NDArray[Any] = request.infer([values], share_inputs=True)[0]
            finally:
                free.put(request)
            return output

        return run


@dataclass
class EachSize:
    """A network that is compiled for each size of its input when the first image of it comes."""

    network: nn.Module
    make: Callable[[nn.Module, Tensor], tuple[Run, Tensor]]
    """Compile a network for images like one, (1, 3, H, W); return its logits by torch as well."""
    precision: Precision
    compiled: dict[Size, Run] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __call__(self, images: Tensor) -> Tensor:
        """Return the logits (N, K, h, w) of images (N, 3, H, W), one image after the other."""
        size = (images.shape[2], images.shape[3])
        first = []
        with self.lock:  # another thread may be at the same size
            run = self.compiled.get(size)
            if run is None:
                run, logits = self._compile(size, images[:1])
                first = [logits]
        rest = (run(images[place : place + 1]) for place in range(len(first), len(images)))
        return joined([*first, *rest])  # (N, K, h, w)

    def _compile(self, size: Size, image: Tensor) -> tuple[Run, Tensor]:
        """Return what runs inputs of a size, and the logits of the first."""
        try:
            run, reference = self.make(self.network, image)
            logits = run(image)
        # Networks of others, torch's tracing and OpenVINO raise all kinds of exceptions.
        except Exception as error:
            reason = str(error).strip().split("\n")[-1]
            raise UnsuitableError(f"{NAME} cannot convert it ({reason:.200})") from error
        check_agreement(NAME, logits, reference, self.precision)
        if len(self.compiled) == SIZES:
            del self.compiled[next(iter(self.compiled))]  # the oldest
        self.compiled[size] = run
        return run, logits


def _convert(compiler: _Compiler, network: nn.Module, image: Tensor) -> tuple[Run, Tensor]:
    """Convert a network of torch by tracing its pass over an image."""
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    recorder = _Recorder(network).eval()
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        # Values that depend on the size are constants of the trace, which is for this size alone.
        warnings.simplefilter("ignore")
        image = image.clone()  # not of inference mode, which cannot be traced
        if any(map(_is_third_party, network.modules())):
            # A trace would follow one branch of Python code that depends on pixels. This raises.
            torch.export.export(network, (image,), strict=False)
        traced = torch.jit.trace(recorder, image, check_trace=False)
        decoder = TorchScriptPythonDecoder(traced, example_input=(image,))
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    infer = compiler.compile(model, image.shape)
    return lambda x: torch.from_numpy(infer(x.numpy())), recorder.logits[0]


def _is_third_party(module: nn.Module) -> bool:
    """Return whether a module's forward pass is Python code of another project."""
    known = type(module).__module__.startswith(("torch.", "robustbench_seg."))
    return not known and not isinstance(module, torch.jit.ScriptModule)


class _Recorder(nn.Module):
    """A network that keeps its logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.logits: list[Tensor] = []

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image)
        self.logits.append(logits.detach())
        return logits


def _read(compiler: _Compiler, network: nn.Module, image: Tensor) -> tuple[Run, Tensor]:
    """Put OpenVINO in the place of onnxruntime in a network of an ONNX file."""
    onnx = next(module for module in network.modules() if isinstance(module, OnnxNetwork))
    if onnx.content is None:
        raise ValueError("its tensors are in other files")
    session = _OnnxSession(compiler, compiler.core.read_model(onnx.content))
    return deepcopy(network, {id(onnx.session): session}), network(image)


@dataclass
class _OnnxSession:
    """The part of onnxruntime's `InferenceSession` that networks use, for one shape of input."""

    compiler: _Compiler
    model: Any
    infer: Callable[[NDArray[Any]], NDArray[Any]] | None = None

    def run(
        self, _outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """Return the first output for the one input."""
        (values,) = inputs.values()
        self.infer = self.infer or self.compiler.compile(self.model, values.shape)
        return [self.infer(values)]


@cache
def _import_without_telemetry() -> ModuleType | None:
    """Import OpenVINO; None if it is not installed.

    Its telemetry component would report the import to a server, and write a file on consent into
    the home folder. Where the component is missing, OpenVINO goes without.
    """
    component = "openvino_telemetry"
    before = sys.modules.get(component)
    sys.modules[component] = None  # type: ignore[assignment]  # makes its import fail
    try:
        import openvino
        import openvino.frontend.pytorch.ts_decoder
    except ImportError:
        return None
    finally:
        del sys.modules[component]
        if before is not None:
            sys.modules[component] = before
    return cast(ModuleType, openvino)
