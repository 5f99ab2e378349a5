"""Noises: Gaussian, speckle, shot and impulse.

Each treats every value of the image independently, so a noise is a distribution of outcomes for
each of the 256 grey levels.
"""
