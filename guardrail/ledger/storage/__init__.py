"""Where a ledger's files are kept, in a folder or an object store, how they are called, and whether they are whole."""
