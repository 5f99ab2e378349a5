"""What is said of predictions that failed."""

from __future__ import annotations

from ..runs.run import StoredRun

_SHOWN = 5


def failure_stamps(run: StoredRun) -> list[str]:
    """Return how many predictions failed, if any did."""
    if not run.failures:
        return []
    count, frames = len(run.failures), len(run.failed_frames)
    return [
        f"FAILED: {count} prediction{'s' if count > 1 else ''} on {frames} of "
        f"{len(run.spec.frames)} frames; these frames are left out of all scores"
    ]


def failure_notes(run: StoredRun) -> list[str]:
    """Return which frames failed and why, a sentence each; of many, the first."""
    first = {failure.cell.frame: failure for failure in reversed(run.failures)}
    shown = sorted(first)[:_SHOWN]
    notes = []
    for frame in shown:
        others = sum(failure.cell.frame == frame for failure in run.failures) - 1
        notes.append(f"Failed: {first[frame]}{f' (and {others} more of it)' if others else ''}.")
    if len(first) > len(shown):
        notes.append(f"{len(first) - len(shown)} more frames failed.")
    if notes:
        notes.append("The same command tries again what failed.")
    return notes
