"""Commands made of declared options: read them, call the library once, show what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Annotated, Any

import typer
from rich.markup import escape

from ..errors import InputError
from ..progress import STARTING
from ..protocol import options
from ..protocol.parameters import Parameter, parameters
from .console import doing, json_output, say
from .progress import progress_bars

Show = Callable[..., None]
NOTHING_KEPT = "Nothing is kept; the same command begins again."


def command(
    call: Callable[..., Any] | None = None, *, example: str, tables: bool = True, **defaults: Any
) -> Callable[[Show], Show]:
    """Make a command that calls a library function and has the decorated function show the result.

    The command has the options of both functions, and the docstring of the second for its help. An
    option that is not given keeps the default of its function, or that in `defaults`. Without a
    library function, the decorated one makes the calls. A command with `tables` gives them to
    `give`, and has the option --json.
    """

    def decorate(show: Show) -> Show:
        asked, own = parameters(call) if call else {}, parameters(show)
        every = [*asked.values(), *own.values()]
        json = [Parameter("json", bool, False, options.JSON)] if tables else []

        def run(json: bool = False, **typed: Any) -> None:
            if json and typed.get("csv") == "-":
                raise InputError("--csv - and --json are mutually exclusive")
            with json_output() if json else nullcontext():
                answer(**typed)

        def answer(**typed: Any) -> None:
            values = {
                each.name: each.read(typed[each.name])
                for each in every
                if typed[each.name] not in (None, [], False)
            }
            shown = {name: values[name] for name in own if name in values}
            if call is None:
                show(**shown)
                return
            given = {name: values[name] for name in asked if name in values}
            try:
                if "progress" in inspect.signature(call).parameters:
                    with progress_bars() as progress:
                        result = call(**{**defaults, **given}, progress=progress)
                else:
                    with doing(STARTING):
                        result = call(**given)
            except KeyboardInterrupt as stop:
                say(" ".join(["Stopped.", *getattr(stop, "__notes__", [NOTHING_KEPT])]))
                raise typer.Exit(130) from None
            show(result, **shown)

        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # read by Typer
            [_typed(each, defaults) for each in (*every, *json)]
        )
        run.__annotations__ = {}
        paragraphs = [" ".join(text.split()) for text in (show.__doc__ or "").split("\n\n")]
        run.__doc__ = "\n\n".join([*paragraphs, f"Example: {example}"])
        return run

    return decorate


def _typed(each: Parameter, defaults: Mapping[str, Any]) -> inspect.Parameter:
    """Return a parameter as Typer reads it: text is read by the command, not by Typer."""
    option, required = each.option, each.default is inspect.Parameter.empty
    kind = bool if bool in each.types else str
    default = option.default or defaults.get(each.name, each.default)
    shown = escape(option.help)
    if not (required or kind is bool or default in (None, ())):
        text = ",".join(default) if isinstance(default, tuple) else str(default)
        shown += rf" [dim]\[default: {escape(text)}][/dim]"
    words: dict[str, Any] = {"help": shown, "show_default": False}
    if option.names or each.words:
        words["autocompletion"] = lambda incomplete: each.completions(incomplete)
    if each.flag.startswith("-"):
        info = typer.Option(each.flag, metavar=each.metavar, rich_help_panel=option.panel, **words)
    else:
        info = typer.Argument(metavar=each.flag, **words)
    return inspect.Parameter(
        each.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else False if kind is bool else None,
        annotation=Annotated[list[str] if each.repeated else kind, info],
    )
