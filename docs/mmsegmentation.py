"""Compare `mmseg:` with mmsegmentation's own inference, and write the table of mmsegmentation.md.

    python -m docs.mmsegmentation [FRAME.png]

It needs mmsegmentation, mmdet and mmpretrain. Without a frame, one of `streets` is taken.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.streets.scene import render
from tests.helpers.mmseg_cases import CASES, Case
from tests.helpers.mmseg_peer import compare, configuration, network, save, stand_in

PAGE = Path(__file__).with_suffix(".md")
START, END = "<!-- table -->\n", "<!-- end of table -->\n"
HEAD = (
    "| model | configuration | frame, input | test mode | align_corners | largest difference | "
    "equal labels |\n|---|---|---|---|---|---|---|\n"
)


def main(frames: list[str]) -> None:
    """Write the table into the page."""
    stand_in()
    rows = ""
    for case in CASES:
        width, height = case.frame
        if frames:
            image = Image.open(frames[0]).convert("RGB").resize(case.frame)
            rows += row(case, np.asarray(image))
        else:
            rows += row(case, render("val", 0, width, height)[0])
        print(rows.splitlines()[-1], flush=True)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + START + HEAD + rows + END + after, encoding="utf-8")


def row(case: Case, frame: NDArray[np.uint8]) -> str:
    """Return a line of the table: a network with random weights, ours beside mmsegmentation's."""
    from robustbench_seg.models.registry import load_model

    config = configuration(case)
    model = network(config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.pth"
        names = save(path, config, model)
        found = compare(f"mmseg:{path}", model, names, frame)
        ours = load_model(f"mmseg:{path}", data="a frame", classes=names)
    height, width = ours.preprocessing.input_size((frame.shape[0], frame.shape[1]))
    mode = "whole" if ours.window.mode == "whole" else f"slide, {ours.window}"
    cells = (
        case.name,
        Path(case.config).stem,
        f"{frame.shape[1]}x{frame.shape[0]}, {width}x{height}",
        mode,
        "yes" if ours.align_corners else "no",
        f"{found.difference:.1e}",
        f"{100 * found.equal:.4f} %",
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main(sys.argv[1:])
