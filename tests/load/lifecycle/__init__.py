"""The policy of docs/data-streams.md, read and checked by Elasticsearch's own classes: `python -m tests.load.lifecycle`.

The module of ILM is not on Maven Central, so nothing can carry the policy out. Its classes are in `x-pack-core`, which
is there: they parse and validate what `PUT _ilm/policy` gets.
"""
