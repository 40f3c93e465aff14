"""What is known of an expression before it is evaluated: what it reads, the types of its parts, faults in it."""
