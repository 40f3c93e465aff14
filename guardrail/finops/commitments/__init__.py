"""Reservations, savings plans and committed use discounts: what to commit to, from what was used by the hour."""
