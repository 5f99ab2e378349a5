"""Objects of a street, built of patches: houses, trees, vehicles, people."""
