"""Turns bytes into pixels. Limits are checked here, header first."""
