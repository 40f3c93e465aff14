"""The two engines: the text that each takes, how they are called, and what both compute with."""
