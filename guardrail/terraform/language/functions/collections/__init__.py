"""Functions of lists, maps and sets, and those that choose among values."""
