"""The noises: Gaussian, speckle, shot and impulse.

All four treat each value of the image by itself, so a noise is what can become of the 256 grey
levels, and how probably.
"""
