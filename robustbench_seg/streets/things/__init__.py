"""What stands in a street, each built of shapes: houses, trees, vehicles, people."""
