"""`ingest-image doctor`: checks everything that pictures pass on their way in, and says what to do about problems."""
