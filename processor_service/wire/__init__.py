"""The contract of docs/wire.md: requests, recipes, marks, and the schema rendered from the declarations."""
