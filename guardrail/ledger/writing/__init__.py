"""What is written into a ledger: results, states and bills; and past months, made compact."""
