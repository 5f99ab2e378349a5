"""Seeded damage to files and command lines, for fuzzing."""

from __future__ import annotations

import json
import random
import struct
import zlib
from typing import Any

_NUMBERS = (0, 1, 2**7, 2**8 - 1, 2**16 - 1, 100_000, 2**31 - 1, 2**31, 2**32 - 1)
_TEXTS = (
    *(
        "",
        " ",
        "\0",
        "\n",
        "\x1b[31m",
        "é",
        "\ud800",
        "\U0001f600",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "=",
        "#",
    ),
    *("[" * 3000, "{" * 3000, '"' * 3, "[[category]]", "a.b.c = 1", "-1", "0", "6", "1e999"),
    *("nan", "inf", "true", "null", "9" * 5000, "1979-05-27", "[1, 2]", "[]", "{}", '"fog"'),
    *("../../../etc/passwd", "/etc/passwd", "C:\\", "..", "~", "%s%n", "-" * 40, "a" * 5000),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 0.5, -0.5, 2**31, 2**64, 1e300, float("nan"), float("inf")),
    *([], {}, [0], [1, 2, 3], {"a": 1}, [[]], {"height": 100_000, "width": 100_000}),
    *(text for text in _TEXTS if text != "\ud800"),
)


def mutated_bytes(content: bytes, generator: random.Random) -> bytes:
    """Return bytes with one to eight places flipped, cut, doubled, filled or overwritten."""
    damaged = bytearray(content)
    for _ in range(generator.choice((1, 1, 2, 4, 8))):
        # Headers are what readers trust, and they are short.
        end = generator.choice((16, 64, 256, len(damaged), len(damaged)))
        place = generator.randrange(min(end, len(damaged)) + 1)
        length = generator.choice((1, 2, 4, 16, 200))
        kind = generator.randrange(7)
        if kind == 0 and place < len(damaged):
            damaged[place] ^= 1 << generator.randrange(8)
        elif kind == 1 and place < len(damaged):
            damaged[place] = generator.randrange(256)
        elif kind == 2:
            del damaged[place : place + length]
        elif kind == 3:
            damaged[place:place] = damaged[place : place + length]
        elif kind == 4:
            damaged[place:place] = generator.randbytes(length)
        elif kind == 5:
            form = generator.choice(("<I", ">I", "<Q", ">H"))
            number = generator.choice(_NUMBERS) % (2**16 if form == ">H" else 2**64)
            packed = struct.pack(form, number)
            damaged[place : place + len(packed)] = packed
        elif generator.random() < 0.3:
            del damaged[place:]
    return bytes(damaged)


def mutated_png(content: bytes, generator: random.Random) -> bytes:
    """Return a PNG with damage inside its chunks and valid checksums."""
    chunks, place = [], 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    number = generator.randrange(len(chunks))
    name, data = chunks[number]
    if name == b"IDAT" and generator.random() < 0.5:
        data = zlib.compress(mutated_bytes(zlib.decompress(data), generator))
    else:
        data = mutated_bytes(data, generator)
    chunks[number] = name, data
    if generator.random() < 0.2:
        chunks.insert(generator.randrange(len(chunks)), generator.choice(chunks))
    return content[:8] + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def mutated_text(text: str, generator: random.Random) -> bytes:
    """Return a text with words, lines and characters dropped, doubled, swapped or replaced."""
    if generator.random() < 0.15:
        return mutated_bytes(text.encode(), generator)
    for _ in range(generator.choice((1, 1, 2, 3))):
        separator = generator.choice((" ", "\n", ",", '"', "="))
        text = separator.join(_mutated_list(text.split(separator), generator))
    return text.encode(errors="replace")


def mutated_words(words: list[str], generator: random.Random) -> list[str]:
    """Return a command line with words dropped, doubled, swapped or replaced."""
    for _ in range(generator.choice((1, 1, 2, 3))):
        words = _mutated_list(words, generator)
    return words


def _mutated_list(parts: list[str], generator: random.Random) -> list[str]:
    parts = list(parts)
    place, other = (generator.randrange(len(parts)) for _ in range(2)) if parts else (0, 0)
    kind = generator.randrange(6) if parts else 0
    if kind == 0:
        parts.insert(place, generator.choice(_TEXTS))
    elif kind == 1:
        parts[place] = generator.choice(_TEXTS)
    elif kind == 2:
        del parts[place]
    elif kind == 3:
        parts.insert(place, parts[other])
    elif kind == 4:
        parts[place], parts[other] = parts[other], parts[place]
    else:
        letters = list(parts[place])
        if letters:
            letters[generator.randrange(len(letters))] = chr(generator.randrange(32, 300))
        parts[place] = "".join(letters)
    return parts


def mutated_json(text: str, generator: random.Random) -> bytes:
    """Return JSON with values and keys replaced, in a fifth of the cases damaged as a text."""
    if generator.random() < 0.2:
        return mutated_text(text, generator)
    root: list[Any] = [json.loads(text)]
    for _ in range(generator.choice((1, 1, 2, 3))):
        holder: Any = root
        while True:
            key = generator.choice([*(range(len(holder)) if isinstance(holder, list) else holder)])
            if not isinstance(holder[key], list | dict) or not holder[key]:
                break
            if generator.random() < 0.2:
                break
            holder = holder[key]
        if generator.random() < 0.2 and holder is not root:
            del holder[key]
            if not holder:
                break
        else:
            holder[key] = generator.choice(_VALUES)
    return json.dumps(root[0]).encode()
