"""Questions to the views of a ledger, each with rows or sums for one part of the FinOps arithmetic."""
