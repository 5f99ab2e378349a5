"""`robustseg suites`: the suites of corruptions."""

from __future__ import annotations

from corruptions import load_suite, suite_names

from .console import print_table


def suites() -> None:
    """List the suites: their corruptions and the severities that count."""
    for name in suite_names():
        suite = load_suite(name)
        rows = [
            (
                category,
                ", ".join(c.corruption for c in suite.columns if c.category == category),
                _range(next(c.counted for c in suite.columns if c.category == category)),
            )
            for category in suite.categories
        ]
        print_table(f"{name}: {suite.title}", ("category", "corruptions", "counted"), rows)


def _range(severities: tuple[int, ...]) -> str:
    return f"{severities[0]}-{severities[-1]}"
