"""Training models, as the embedded weights were made."""
