"""Error for bad input that a user can correct."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input, with a message of one line: the option or file, what is wrong, what to do.

    The command line prints the message and exits with code 2.
    """
