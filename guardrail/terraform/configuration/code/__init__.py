"""The code of a configuration, parsed and not yet evaluated: files, modules, root modules, and where each block stands."""
