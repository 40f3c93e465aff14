"""Thousands of workspaces, each judged by itself, and rules and budgets over all of them."""
