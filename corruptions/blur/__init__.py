"""Blurs; those of defocus and glass are definitions, whose fast paths are in `kernels`."""
