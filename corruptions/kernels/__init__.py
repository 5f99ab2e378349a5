"""Compiled fast paths of the definitions in `weather` and `blur`; a test compares the two.

The three channels of a pixel are written out: LLVM does not vectorise a loop over them.
"""
