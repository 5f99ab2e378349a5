"""Models: one file per paper, their weights, and a registry that loads both by name."""
