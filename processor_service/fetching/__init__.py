"""Fetches pictures by their address, safely."""
