"""Recommendations of Spot: groups of machines that live with interruptions, at the price of spare capacity."""
