"""Pipelines with other processors beside ours, on a node of 9.5.3 that gets them (OtherProcessors.java, compiled here).

    .venv/bin/python -m tests.load.beside

`foreach` around our processor, over objects, a list of pictures, and with a bad one; `pipeline` within it; `set` and
`remove` around it; `if`; a bulk of 200 of which 25 are dropped. Prints what came of each; ends with status 1 when it is not as
docs/reliability.md says.
"""
