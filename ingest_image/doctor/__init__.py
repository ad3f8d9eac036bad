"""`ingest-image doctor`: looks at all that pictures pass on their way in, and says what to do where it is not well."""
