"""Which files an ONNX file names, wherever its protobuf names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from robustbench_seg.errors import InputError
from robustbench_seg.models.adapters.onnx_files import external_files


def tensor(location: str, *, value_first: bool = False) -> TensorProto:
    made = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
    made.data_location = TensorProto.EXTERNAL
    entry = made.external_data.add()
    entry.key, entry.value = "location", location
    if value_first:  # as another writer may order the fields
        text = location.encode()
        content = b"\x12" + bytes([len(text)]) + text + b"\x0a\x08location"
        made.ClearField("external_data")
        made.MergeFromString(b"\x6a" + bytes([len(content)]) + content)
        raw = made.SerializeToString()
        assert b"location" in raw
    return made


def model(**parts: list[object]) -> onnx.ModelProto:
    graph = helper.make_graph([], "graph", [], [])
    for name, values in parts.items():
        getattr(graph, name).extend(values)
    return helper.make_model(graph)


def node(**attributes: object) -> onnx.NodeProto:
    return helper.make_node("Op", [], [], **attributes)


def sparse(location: str) -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(values=tensor(location), dims=[1])


def initializer(location: str) -> onnx.ModelProto:
    return model(initializer=[tensor(location)])


def indices(location: str) -> onnx.ModelProto:
    return model(sparse_initializer=[onnx.SparseTensorProto(indices=tensor(location), dims=[1])])


def function(location: str) -> onnx.ModelProto:
    made = model()
    made.functions.append(onnx.FunctionProto(name="f", node=[node(value=tensor(location))]))
    return made


def default(location: str) -> onnx.ModelProto:
    made = model()
    attribute = helper.make_attribute("value", tensor(location))
    made.functions.append(onnx.FunctionProto(name="f", attribute_proto=[attribute]))
    return made


def training(location: str) -> onnx.ModelProto:
    made = model()
    made.training_info.add().algorithm.initializer.append(tensor(location))
    return made


def second_key(location: str) -> onnx.ModelProto:
    made = tensor("here.bin")
    made.external_data.insert(0, onnx.StringStringEntryProto(key="offset", value="0"))
    made.external_data.append(onnx.StringStringEntryProto(key="location", value=location))
    return model(initializer=[made])


FORMS: dict[str, Callable[[str], onnx.ModelProto]] = {
    "initializer": initializer,
    "value before key": lambda name: model(initializer=[tensor(name, value_first=True)]),
    "second location": second_key,
    "sparse values": lambda name: model(sparse_initializer=[sparse(name)]),
    "sparse indices": indices,
    "attribute": lambda name: model(node=[node(value=tensor(name))]),
    "attribute, list": lambda name: model(node=[node(values=[tensor(name)])]),
    "attribute, sparse": lambda name: model(node=[node(value=sparse(name))]),
    "subgraph": lambda name: model(node=[node(body=initializer(name).graph)]),
    "subgraphs": lambda name: model(node=[node(bodies=[initializer(name).graph])]),
    "subgraph of a subgraph": lambda name: model(
        node=[node(body=model(node=[node(body=initializer(name).graph)]).graph)]
    ),
    "function": function,
    "default of a function": default,
    "training": training,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["../secret", "/secret", "a/../../secret", "c:\\secret", "link"])
def test_a_location_elsewhere_is_refused_in_every_form(
    tmp_path: Path, form: str, place: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to("../secret")
    (folder / "here.bin").write_bytes(b"here")
    with pytest.raises(InputError, match=r"refused: it names .*; expected files in its folder"):
        external_files(folder / "a.onnx", FORMS[form](place).SerializeToString())


@pytest.mark.parametrize("form", FORMS)
def test_files_beside_it_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    (tmp_path / "here.bin").write_bytes(b"here")
    (tmp_path / f"{'x' * 100}.bin").write_bytes(b"long")
    name = f"{'x' * 100}.bin"
    found = external_files(tmp_path / "a.onnx", FORMS[form](name).SerializeToString())
    assert found.pop(name) == b"long"
    assert found in ({}, {"here.bin": b"here"})
    with pytest.raises(InputError, match=r"its tensors in gone\.bin are missing"):
        external_files(tmp_path / "a.onnx", FORMS[form]("gone.bin").SerializeToString())


def test_memory_of_the_process_is_no_file(tmp_path: Path) -> None:
    content = initializer("*/_ORT_MEM_ADDR_/*").SerializeToString()
    with pytest.raises(InputError, match="are missing"):
        external_files(tmp_path / "a.onnx", content)


@pytest.mark.parametrize("content", [b"\x0b", b"\x3a\xff", b"\xff" * 20, b"\x3a\x05\x08", b"\x09"])
def test_other_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="not an ONNX file"):
        external_files(tmp_path / "a.onnx", content)
