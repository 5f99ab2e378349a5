"""Corrupted copies of folders of images, made so that any code can be evaluated on these pixels."""
