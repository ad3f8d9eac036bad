"""The contract of docs/wire.md: requests, recipes, marks, and the schema that is rendered from the declarations."""
