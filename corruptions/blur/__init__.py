"""The blurs: each file makes one kind."""
