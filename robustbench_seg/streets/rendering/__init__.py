"""The renderer: patches in space to an image and its labels, in exact arithmetic."""
