"""Leaderboards: check the runs that people submit, rank them, and write the site."""
