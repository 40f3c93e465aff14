"""Recommendations of what to commit to: of accounts as a whole, not of a project."""
