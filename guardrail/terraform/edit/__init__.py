"""Where in a configuration a value is written, and changes of its text."""
