"""Docstrings of the API reference, as the package has them when it is imported."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import griffe


class Imported(griffe.Extension):  # type: ignore[misc]  # griffe is not where types are checked
    """Show the package as it is when it is imported."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Take a docstring to which `documented` adds the parameters from the function itself."""
        if any(each.callable_path.endswith("documented") for each in func.decorators):
            text = inspect.getdoc(getattr(import_module(func.module.path), func.name))
            func.docstring = griffe.Docstring(text or "", parent=func, parser="numpy")

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **_: Any) -> None:
        """Put the rooms that stand beside the package into it, as a wheel has them."""
        if pkg.name == "robustbench_seg":
            for room in ("corruptions", "reports"):
                pkg.set_member(room, loader.load(room))
