"""What was found: hits, why they are hits, their ranking, and whether one is a copy."""
