"""`python -m ingest_image`."""

from .cli import main

main()
