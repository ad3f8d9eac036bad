"""Load and attack, run by hand: each script starts its own node and service on loopback and says what it saw."""
