"""Scores: arrays in, numbers and DataFrames out; knows no store and no model."""
