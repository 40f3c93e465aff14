"""What the expressions of rules see."""
