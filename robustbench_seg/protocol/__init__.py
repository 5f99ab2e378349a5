"""What is run and what counts: suites, conditions, the specification of a run."""
