"""Compressed data of several containers: where it ends, and the bits that fill it up."""
