"""`robustseg erf`: the effective receptive fields of models, as maps and as numbers."""

# Annotations are not postponed: `options.parameters` reads them as objects.

from functools import wraps
from typing import TYPE_CHECKING, Any

from .. import api
from .command import command
from .console import say
from .evaluation import Formats

if TYPE_CHECKING:
    from ..reporting.receptive_fields import ReceptiveFields


@wraps(api.effective_receptive_field)
def _measured(**given: Any) -> "ReceptiveFields":
    from ..folders import RESULTS, check_folder

    check_folder(RESULTS / "new", "")  # before the work, where it is the default
    return api.effective_receptive_field(**given)


@command(_measured, example="robustseg erf --model b0 --stage 3,4,head --condition clean,fog:3")
def erf(fields: "ReceptiveFields", *, formats: Formats = ("html", "csv")) -> None:
    """Measure effective receptive fields: how strongly a unit depends on each input pixel.

    Numbers are shown here; maps, figures and a report are written to the folder. Its maps hold the
    averaged gradient of each field (.npz) and every choice behind it (.json).
    """
    from ..reporting.receptive_fields import MAPS
    from .output import show

    fields.save()
    show(fields, formats)
    say(f"maps: {fields.folder / MAPS}")
