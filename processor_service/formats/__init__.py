"""The picture formats, and how their files are laid out."""
