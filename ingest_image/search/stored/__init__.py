"""Reads what is stored: a picture of a document, what was recognized in it, the fields of an index."""
