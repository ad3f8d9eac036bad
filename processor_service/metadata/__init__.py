"""Collects, writes and cuts EXIF, IPTC and XMP."""
