"""Functions of text: characters, verbs of format, regular expressions."""
