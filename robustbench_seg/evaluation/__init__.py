"""From a specification to a stored run: plan, predict, count, store."""
