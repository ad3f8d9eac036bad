"""Speaks HTTP: gunicorn's worker, the Flask app, its routes, metrics and logs."""
