"""What was spent, on whom it falls and why: pure functions from charges to frozen values. Nothing here reads a ledger."""
