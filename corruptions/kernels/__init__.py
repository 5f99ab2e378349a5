"""Compiled fast paths; a test compares each with the definition of the same name.

The three channels of a pixel are written out: LLVM does not vectorise a loop over them.
"""
