"""The script `robustseg`, also `python -m robustbench_seg`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit; Ctrl-C at any moment, also during imports, exits with 130."""
    # Threads that spin while they wait are many times slower if anything else runs on the same
    # cores. Must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from .cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
