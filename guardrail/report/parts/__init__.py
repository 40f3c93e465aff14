"""The parts that a report for people is made of: rows, sums, gaps, changes, and bills beside estimates."""
