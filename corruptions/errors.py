"""The one exception for input that a user can mend."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input, told in one line: the file or option, what is wrong, what to do.

    The command line prints the line and exits with code 2; a library user catches it as a
    `ValueError`.
    """
