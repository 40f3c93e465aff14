"""`guardrail rules`: lists, shows, tests, records and documents rules."""
