"""Effective receptive fields: what is said, in maps, tables and files."""
