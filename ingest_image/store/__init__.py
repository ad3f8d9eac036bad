"""`ingest-image store`: checks, moves, cleans and copies the pictures in the store (docs/store.md)."""
