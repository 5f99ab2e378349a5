"""Blurs, one file each."""
