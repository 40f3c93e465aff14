"""Rules over resources, plans and budgets: which apply, what they answer, and the findings that come of it."""
