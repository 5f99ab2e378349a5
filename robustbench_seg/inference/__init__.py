"""Image to labels: runtimes, windows, devices, and what a prediction costs."""
