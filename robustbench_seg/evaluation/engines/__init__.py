"""What does the units of a plan: this process, processes by device, or a Ray cluster."""
