"""Predictions as files: label maps and confidence maps, a folder for each condition."""
