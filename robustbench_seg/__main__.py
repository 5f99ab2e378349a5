"""`python -m robustbench_seg` is `robustseg`."""

from .cli import main

if __name__ == "__main__":
    main()
