"""`guardrail ledger`: what is written into the ledger, closed and taken out of it."""
