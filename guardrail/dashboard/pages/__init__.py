"""The pages, one file each. Each takes facts, and returns what stands on it."""
