"""The script `robustseg`, which `python -m robustbench_seg` is too."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit; Ctrl-C at any moment, imports included, is exit code 130."""
    # Worker threads that wait by spinning are many times slower wherever anything else runs on the
    # same cores; this must be set before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from .cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
