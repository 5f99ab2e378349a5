"""Text from files obeys nobody: terminals, browsers and spreadsheets show it."""

from __future__ import annotations

import pytest

from robustbench_seg.visible import cell, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("road", "road"),
        ("stra\u00dfe \u9053 \U0001f697", "stra\u00dfe \u9053 \U0001f697"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202etxt.exe", r"a\u202etxt.exe"),
        ("a\u2066b\u2069\u200f", r"a\u2066b\u2069\u200f"),
        ("a\nb\tc\rd", r"a\x0ab\x09c\x0dd"),
        ("a\u2028b", r"a\u2028b"),
        ("ro\u200bad\ufeff", r"ro\u200bad\ufeff"),
        ("\U000e0041", r"\ue0041"),
        ("\udcff", r"\udcff"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
    ],
)
def test_marks_that_act_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_some_marks_may_stay() -> None:
    assert visible("a\n\x1b", kept="\n") == "a\n\\x1b"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-a", "@SUM(A1)", "-1+1", "=1", "+1_0", "\uff1d1"]
)
def test_formulas_are_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-0.5, 3, None, "-0.5", "+3", "-1e-7", "-inf", "a=b", "", "b0"])
def test_numbers_and_other_texts_stay(value: object) -> None:
    assert cell(value) is value


def test_tabs_and_line_ends_hide_no_formula() -> None:
    assert cell("\t=1") == r"\x09=1"
    assert cell("\r=1") == r"\x0d=1"
