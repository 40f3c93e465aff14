"""Which rules play: packs as they are named, fetched, locked, set anew and given parameters."""
