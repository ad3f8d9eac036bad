"""Reads the TIFFs that Pillow does not."""
