"""Stored runs as what `reports` gives a form: tables, notes, stamps, intervals, examples."""
