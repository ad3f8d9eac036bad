"""Colour profiles, colour spaces, and the names of colours."""
