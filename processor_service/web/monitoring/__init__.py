"""What is told of requests: metrics, logs, spans, and the ids by which they are found again."""
