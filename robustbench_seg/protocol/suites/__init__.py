"""Suites: which conditions a run has, and which of them count in its scores."""
