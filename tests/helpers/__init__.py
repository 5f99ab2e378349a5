"""What several tests share: data, models and runs that are made for them, and tools."""
