"""The models: one file per paper, their weights, and the registry that finds both by name."""
