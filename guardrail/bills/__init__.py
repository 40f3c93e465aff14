"""Bills as vendors export them: each format as data, and how its rows become charges. Queries are text here; `ledger` runs them."""
