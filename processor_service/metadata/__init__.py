"""Collects, reads, writes and cuts EXIF, IPTC and XMP."""
