"""Specifications of another form, and such whose parts do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.e2e.hostile.crafted import Change, Crafted, Found, at, crafted, paths

OTHER_FORMS: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**40, 10**30, 1.5, float("nan"), "", "fog", "\ud800", "x" * 200_000),
    *([], {}, [[]], {"a": 1}, [1] * 5, [None], ["a", "a"]),
)


def _set(path: tuple[str | int, ...], value: Any) -> Change:
    def change(run: Crafted) -> None:
        at(run.spec, path)[path[-1]] = value

    return change


def _many_classes(run: Crafted) -> None:
    first = run.spec["classes"][0]
    run.spec.update(classes=[{**first, "name": str(n)} for n in range(2048)], draws=20_000)
    for frame in run.spec["frames"]:
        frame["class_pixels"] = [sum(frame["class_pixels"])] + [0] * 2047


def _delete(path: tuple[str | int, ...]) -> Change:
    def change(run: Crafted) -> None:
        del at(run.spec, path)[path[-1]]

    return change


_FREE = ("title", "source", "trained_on", "dataset", "split", "group", "versions", "weights")
"""Fields of any text."""
_OPTIONAL = (
    *("copy", "input_scale", "class_map", "size", "stride", "crop", "draws", "group"),
    *("condition", "implementation", "channels", "mode"),
)


def fields() -> Found:
    """Each field of the specification, of the first of each list, in forms that are not its own."""
    spec = crafted().spec
    for path in paths(spec):
        numbers = [part for part in path if isinstance(part, int)]
        if any(numbers):  # only the first of each list
            continue
        name, value = ".".join(map(str, path)), at(spec, path)[path[-1]]
        if isinstance(path[-1], str) and not {*path} & {*_FREE, *_OPTIONAL}:
            yield f"{name} missing", _delete(path), ""
        for form in OTHER_FORMS:
            if type(form) in _types(path, value):
                continue
            yield f"{name} = {form!r:.12}", _set(path, form), ""
    yield "an unknown field", _set(("sede",), 0), "sede is unknown"
    yield "an unknown field of a frame", _set(("frames", 0, "x"), 0), "frames 1: x is unknown"


def _types(path: tuple[str | int, ...], value: Any) -> set[type]:
    """Return the types of values that a field may have."""
    found = {type(value)}
    if path[-1] in ("copy", "input_scale", "class_map", "size"):
        return {type(None), float, dict, list, str, int}  # of these, `_parts` has some
    if "mean" in path or "std" in path:
        found |= {float, int}
    return found


def parts() -> Found:
    def frames(number: int, **changes: Any) -> Change:
        return lambda run: run.spec["frames"][number].update(changes)

    def twice(what: str) -> Change:
        return lambda run: run.spec[what].append(run.spec[what][0])

    def column(**changes: Any) -> Change:
        return lambda run: run.spec["suite"]["columns"][0].update(changes)

    yield "a frame twice", twice("frames"), "frames: 'frame_0' is there twice"
    yield "a model twice", twice("models"), "models: 'b0' is there twice"
    yield "a class twice", twice("classes"), "classes: 'road' is there twice"
    yield (
        "a corruption twice",
        lambda r: r.spec["suite"]["columns"].append(r.spec["suite"]["columns"][0]),
        "suite: fog is there twice",
    )
    for what in ("models", "classes", "frames"):
        yield f"no {what}", _set((what,), []), f"{what}: expected a list of 1 to"
    yield (
        "2052 classes",
        lambda r: r.spec.update(classes=r.spec["classes"] * 684),
        "classes: expect",
    )
    for name, counts in {
        "negative": [-300, 700, 100],
        "above the frame": [2**15, 1, 0],
        "2^62": [2**62, 2**62, 2**62],
        "2^31": [2**31, 0, 0],
        "two": [300, 200],
        "four": [300, 200, 100, 0],
        "none": [],
        "fractions": [300.0, 200.0, 100.0],
        "texts": ["300", "200", "100"],
        "true": [True, True, True],
    }.items():
        yield f"class pixels {name}", frames(0, class_pixels=counts), "frames 1: class_pixels"
    yield (
        "no class pixels at all",
        lambda r: [frame.update(class_pixels=[0, 0, 0]) for frame in r.spec["frames"]],
        "frames: no class has a pixel",
    )
    for side in ("height", "width"):
        for size in (0, -128, 2**31, 1.5, "128"):
            yield f"{side} {size}", frames(0, **{side: size}), f"frames 1: {side}: expected"
    yield "a frame of 2^40 pixels", frames(0, height=2**20, width=2**20), "frames 1: height and"
    yield "taken in fog", frames(0, condition="fog"), "frames"
    yield (
        "taken in nothing",
        lambda r: [frame.update(condition="rain") for frame in r.spec["frames"]],
        "frames 1: condition: 'rain' is none of the suite's",
    )
    yield "no columns", _set(("suite", "columns"), []), "suite: has no corruptions"
    yield "no severities", _set(("suite", "severities"), []), "suite: has no corruptions"
    for wrong in ([3, 2, 1], [1, 1], [6], [0], [-1], [2**40], [1, 9]):
        yield f"severities {wrong}", _set(("suite", "severities"), wrong), "suite: "
        yield f"counted {wrong}", column(counted=wrong), "suite: "
    yield "an unknown corruption", column(corruption="rain"), "suite: rain is no corruption"
    yield "a corruption named clean", column(corruption="clean"), "suite: clean is no corruption"
    for reserved in ("clean", "mean", "suite", "retention", "mPC"):
        yield f"category {reserved}", column(category=reserved), f"suite: the category {reserved}"
    yield "a suite of no kind", _set(("suite",), {"name": "a"}), "suite: no kind of suite"
    for draws in (0, -1, 2**31, 10**6, 1.0):
        yield f"{draws} draws", _set(("draws",), draws), "draws: "
    yield "too many draws", _set(("draws",), 90_000), "draws: .* are the most"
    yield "too many draws of too many classes", _many_classes, "draws: .* and 32768 are the most"
    yield (
        "too many draws of too many models",
        lambda r: r.spec.update(
            draws=90, models=[{**r.spec["models"][0], "name": f"{n}"} for n in range(1000)]
        ),
        "draws: .* are the most",
    )
    for scale in (0, -1, 1e9, float("inf"), float("nan"), "0.5"):
        yield f"input scale {scale}", _set(("input_scale",), scale), "input_scale: expected"
    for color in ([1, 2], [0, 0, 256], [-1, 0, 0], [0.5, 0, 0], ["a", 0, 0]):
        yield f"colour {color}", _set(("classes", 0, "color"), color), "classes 1: color"
    for resized in ([0, 5], [5], [-1, 5], [2**40, 5], "5x5", [1.5, 2], [True, True]):
        path = ("models", 0, "preprocessing", "size")
        yield f"size {resized}", _set(path, resized), "models 1: preprocessing: "
    yield (
        "edges of a processor",
        _set(("models", 0, "preprocessing", "edges"), [0, 0]),
        "models 1: ",
    )
    yield (
        "divisor 0",
        lambda r: r.spec["models"][0]["preprocessing"].update(edges=[512, None], divisor=0),
        "models 1: preprocessing: divisor",
    )
    for value in ({}, {"digest": 1}, "a", [1], 0, False):
        yield f"copy {value}", _set(("copy",), value), "copy: "
        yield f"class map {value}", _set(("class_map",), value), "class_map: "
    for word in ("native", "", None, 1, ["ours"]):
        yield f"implementation {word}", _set(("implementation",), word), "implementation: expected"


def resolutions() -> Iterator[tuple[str, Change, str]]:
    def suite(**changes: Any) -> Change:
        return lambda run: run.spec["suite"].update(changes)

    for values in ([], [1, 1], [2, 1], [0], [-1], [17], [1e-9], [None], ["1"], [float("nan")]):
        yield f"values {values}", suite(values=values), "suite: values"
    yield "unit", suite(unit="inches"), "suite: unit"
    yield "against", suite(against="scale 9"), "suite: against: scale 9 is no condition"
    forms: list[Any] = [[], [["rain", 1]], [["fog", 9]], [["fog"]], ["fog"], [["fog", 1]] * 2, [[]]]
    for images in forms:
        yield f"images {images}", suite(images=images), "suite: "
    window = {"name": "a", "mode": "slide", "crop": 1.0, "stride": 1.0}
    for name, windows in {
        "twice": [window, window],
        "of no name": [{**window, "name": ""}],
        "of no mode": [{**window, "mode": "jump"}],
        "of crop -1": [{**window, "crop": -1}],
        "of stride nan": [{**window, "stride": float("nan")}],
        "of other fields": [{"name": "a"}, {"x": 1}],
    }.items():
        yield f"windows {name}", suite(windows=windows), "suite: "


def texts() -> Found:
    def text(content: Any) -> Change:
        return lambda run: setattr(run, "text", content)

    for name, content in {
        "empty": "",
        "no JSON": "spec",
        "100,000 brackets": "[" * 100_000,
        "100,000 nested tables": '{"a":' * 100_000 + "1" + "}" * 100_000,
        "10,000 digits": '{"seed": ' + "1" * 10_000 + "}",
        "cut off": '{"seed": 0',
        "two values": "{} {}",
        "a name twice": '{"seed": 0, "seed": 1}',
    }.items():
        yield name, text(content), "is not JSON"
    for name, content in {"null": "null", "a list": "[]", "a text": '"a"', "NaN": "NaN"}.items():
        yield name, text(content), "specification: expected a table"
    yield "an empty table", text("{}"), "specification: models is missing"
    yield "bytes", text(b"{}"), "is not JSON"
