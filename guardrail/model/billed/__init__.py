"""What bills have come to, as a run knows it beside its estimates."""
