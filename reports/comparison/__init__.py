"""Models of several runs side by side: what is said, in tables and figures."""
