"""Turns pixels into bytes."""
