"""Today's rules over the plans and results of earlier runs: what would newly fail, and what would newly pass."""
