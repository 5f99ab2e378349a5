"""The notebook of the examples runs from its first cell to its last."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.helpers.paths import ROOT

SMALL = {
    "LIMIT = 12": "LIMIT = 1",
    'FEW = ["fog", "gaussian_noise", "motion_blur"]': 'FEW = ["fog"]',
    "corruptions=mine, limit=LIMIT": "corruptions=mine, limit=LIMIT, severities=[1]",
}
"""Lines of the notebook, and what makes it quick."""


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    notebook = nbformat.read(ROOT / "examples" / "robustness.ipynb", as_version=4)
    for line, smaller in SMALL.items():
        assert any(line in cell.source for cell in notebook.cells), line
        for cell in notebook.cells:
            cell.source = cell.source.replace(line, smaller)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    shown = [output.data for output in outputs if "data" in output]
    assert sum("image/png" in data for data in shown) == 3
    pages = [data["text/html"] for data in shown if "text/html" in data]
    for text in ("SegFormer-B0 keeps", "posterize", "Effective receptive fields"):
        assert any(text in page for page in pages), text
    assert (tmp_path / "report" / "report.html").is_file()
    assert len(list((tmp_path / "results").iterdir())) == 3
