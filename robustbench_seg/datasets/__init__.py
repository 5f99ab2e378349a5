"""Datasets: splits of named frames with labels."""
