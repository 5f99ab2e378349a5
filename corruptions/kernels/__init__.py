"""Compiled fast paths, each held to the definition of the same name by a test."""
