"""Pictures as bytes: single ones, their thumbnails, and downloads."""
