"""What may happen to an image before a model sees it, and the suites of such conditions."""
