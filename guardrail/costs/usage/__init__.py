"""Usage files: read, checked and written to be filled in."""
