"""Resources that nothing uses, that are idle, or that no state has."""
