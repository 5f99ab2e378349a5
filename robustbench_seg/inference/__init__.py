"""Image to labels: runtimes, windows, devices, prefetching, and what a prediction costs."""
