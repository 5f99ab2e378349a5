"""Which preprocessing, input size, window and class order fit a model, tried on a few frames."""
