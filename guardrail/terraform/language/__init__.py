"""Terraform's language alone: syntax, types, values, functions and evaluation. It knows of no provider, cost or git."""
