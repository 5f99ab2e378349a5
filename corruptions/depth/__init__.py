"""Corruptions that need the distance of each pixel from the camera."""
