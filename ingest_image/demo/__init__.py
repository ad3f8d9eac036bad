"""`ingest-image demo`: the main job on the embedded node with real pictures, which stays up to try."""
