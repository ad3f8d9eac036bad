"""Speaks HTTP: the Flask app, its routes, metrics and logs, and what gunicorn needs."""
