"""The picture formats, and the structure of their files."""
