"""Digital corruptions: colour, compression, resolution and distortion."""
