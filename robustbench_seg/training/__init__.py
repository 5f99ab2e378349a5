"""The recipe that made the embedded weights."""
