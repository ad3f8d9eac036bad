"""The command-line program `ingest-image`."""
