"""The digital corruptions: brightness, saturate, contrast, JPEG, pixelate and elastic transform."""
