"""Budgets of what is billed: what is spent of them, and what their periods will come to."""
