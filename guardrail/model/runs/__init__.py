"""What several runs have in common: what they depend on, their hashes, and one against another."""
