"""Sessions, pictures, failures and versions of another form."""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any

from tests.e2e.hostile.crafted import Change, Crafted, Found, png
from tests.helpers.stored_runs import small_png


def sessions() -> Found:
    for name, session, words in (
        ("a list", [], "session: expected a table"),
        ("null", None, "session: expected a table"),
        ("a number", 3, "session: expected a table"),
        ("a section of text", {"session": "command"}, "session: session: expected a table"),
        ("a section that is a list", {"session": []}, "session: session: expected a table"),
        ("a value that is a number", {"a": {"b": 1}}, "session: a: b: expected a text"),
        ("a value that is a table", {"a": {"b": {"c": "d"}}}, "session: a: b: expected a text"),
        ("half a letter", {"a": {"b": "\ud800"}}, "session: a: b: expected a text"),
        ("half a letter in a name", {"a": {"\udfff": "b"}}, "session: a: a name: expected a text"),
        ("a value of 200 kB", {"a": {"b": "x" * 200_000}}, "session: a: b: expected a text"),
        ("unused files without a number", {"unused files": {}}, "session: unused files: expected"),
        ("assumed as a list", {"assumed preprocessing": ["b0"]}, "session: .*: expected a table"),
        (
            "assumed of a number",
            {"assumed preprocessing": {"b0": 1}},
            "session: .*: expected a text",
        ),
        ("no JSON", "{", "is not JSON"),
        ("brackets", "[" * 100_000, "is not JSON"),
        ("a name twice", '{"a": {}, "a": {}}', "is not JSON"),
        ("empty", "", "is not JSON"),
    ):
        yield name, partial(_add_session, session), words


def _add_session(session: Any, run: Crafted) -> None:
    run.sessions.append(session)


def pictures() -> Found:
    good = small_png()
    header = (b"IHDR", bytes([0, 0, 0, 16, 0, 0, 0, 8, 8, 2, 0, 0, 0]))
    pixels = (b"IDAT", zlib.compress(bytes(8 * 49)))
    end = (b"IEND", b"")

    def size(width: int, height: int, kind: int = 2) -> tuple[bytes, bytes]:
        sides = width.to_bytes(4, "big") + height.to_bytes(4, "big")
        return b"IHDR", sides + bytes([8, kind, 0, 0, 0])

    for name, stored, words in (
        ("empty", b"", "is no PNG file"),
        ("a page", b"<script>alert(1)</script>", "is no PNG file"),
        ("JPEG", b"\xff\xd8\xff\xe0" + bytes(50), "is no PNG file"),
        ("a text", "picture", "is no PNG file"),
        ("the signature alone", good[:8], "has other parts"),
        ("cut off", good[:-20], ""),
        ("a wrong checksum", good[:-1] + b"a", "is damaged"),
        ("bytes behind", good + b"behind", "is damaged"),
        ("a page behind", png(header, pixels, end, (b"tEXt", b"<script>")), "has other parts"),
        (
            "a text chunk",
            png(header, (b"zTXt", b"a\0\0" + zlib.compress(bytes(2**24))), pixels, end),
            "has other parts",
        ),
        ("animated", png(header, (b"acTL", bytes(8)), pixels, end), "has other parts"),
        ("no pixels", png(header, end), "has other parts"),
        ("no end", png(header, pixels), "has other parts"),
        ("two headers", png(header, header, pixels, end), "has other parts"),
        ("0 wide", png(size(0, 8), pixels, end), "is 0x8"),
        ("2^31 wide", png(size(2**31 - 1, 2**31 - 1), pixels, end), "is 2147483647x"),
        ("600 wide", png(size(600, 8), pixels, end), "is 600x8"),
        ("2^20 high", png(size(16, 2**20), pixels, end), "is 16x1048576"),
        ("a bomb", png(header, (b"IDAT", zlib.compress(bytes(2**24))), end), "has more or fewer"),
        ("too few pixels", png(header, (b"IDAT", zlib.compress(bytes(100))), end), "has more or"),
        ("no zlib", png(header, (b"IDAT", b"pixels"), end), "is damaged"),
        (
            "a wrong filter",
            png(header, (b"IDAT", zlib.compress(b"\7" * 8 * 49)), end),
            "is damaged",
        ),
        ("a palette that lacks", png(size(16, 8, 3), pixels, end), "is of another kind"),
        ("alpha", png(size(16, 8, 6), pixels, end), "is of another kind"),
        ("an empty palette", png(size(16, 8, 3), (b"PLTE", b""), pixels, end), "has a wrong pal"),
        ("interlaced", png((b"IHDR", header[1][:-1] + b"\1"), pixels, end), "is of another kind"),
        ("a short header", png((b"IHDR", b"\0"), pixels, end), "has other parts"),
    ):
        yield name, partial(_put_picture, 6, stored), words
    large = png(size(512, 2**16), (b"IDAT", zlib.compress(bytes(2**16 * 1537), 1)), end)
    yield "many large ones", partial(_many_pictures, large), "larger than a run writes"
    yield "another caption", partial(_put_picture, 5, "selfie"), ".*has an unknown caption"
    yield "a caption of bytes", partial(_put_picture, 5, b"input"), ".*has an unknown caption"
    for place, value in ((0, "b9"), (1, "rain"), (2, 7), (3, "frame_9"), (4, 5)):
        yield f"of {value}", partial(_put_picture, place, value), ".* is not in the specification"


def _many_pictures(stored: bytes, run: Crafted) -> None:
    run.pictures = [[*row[:5], "input", stored] for row in run.cells]


def _put_picture(place: int, value: Any, run: Crafted) -> None:
    run.pictures[0][place] = value


def failures() -> Found:
    def instead(reason: Any, **changes: Any) -> Change:
        def change(run: Crafted) -> None:
            *key, _ = run.cells.pop(3)
            for place, value in changes.items():
                key[int(place[1:])] = value
            run.failures.append([*key, reason])

        return change

    def beside(run: Crafted) -> None:
        run.failures.append([*run.cells[0][:5], "bad"])

    yield "beside its counts", beside, ".* has counts as well"
    yield "a reason of bytes", instead(b"bad"), ".* a reason that is no text"
    yield "a reason of 1 MB", instead("x" * 10**6), ".* a reason that is no text"
    for place, value in ((0, "b9"), (1, "rain"), (2, 9), (3, "frame_9"), (4, 3)):
        change = instead("bad", **{f"p{place}": value})
        yield f"of {value}", change, ".* is not in the specification"


def meta() -> Found:
    def meta(**values: Any) -> Change:
        return lambda run: run.meta.update(values)

    version = "made by another version of robustseg, or damaged"
    for value in ("3", "6", "", "4.0", b"4", "x" * 10_000, None):
        yield f"version {value!r:.9}", meta(version=value), version
    yield "no digest", meta(digest=None), "the digest of the specification is wrong"
    yield "a wrong digest", meta(digest="0" * 64), "the digest of the specification is wrong"
    yield "no specification", meta(spec=None), "the digest of the specification is wrong"
    yield "another row", meta(license="MIT"), "the digest of the specification is wrong"
    yield "1,000 other rows", meta(**{f"a{n}": "b" for n in range(1000)}), "run.sqlite: "
