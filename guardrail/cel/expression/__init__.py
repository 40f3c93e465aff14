"""An expression as it is written, and the tree that it is read as."""
