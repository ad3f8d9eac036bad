"""Turns bytes into pixels. Checks the limits first, on the header."""
