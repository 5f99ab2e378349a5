"""Runs on disk: written cell by cell, read again as tables, joined and compared."""
