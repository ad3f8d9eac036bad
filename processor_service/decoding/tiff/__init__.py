"""Reads the TIFFs that Pillow cannot read."""
