"""What the web process, the template and the workers say to each other over their sockets."""

from __future__ import annotations

from enum import Enum


class Job(Enum):
    """What a worker can be asked to do with a request's body; the value is what is sent."""

    # A document's picture, to its fields.
    PROCESS = b"process"
    # A stored picture, to one that somebody looks at.
    RENDER = b"render"
    # A question, to its vector.
    EMBED = b"embed"
    # A picture that another worker did not survive, to what of it may be stored.
    CUT = b"cut"


# Sent once by the template, and by each worker, when everything is loaded.
READY = b"ready"
# Sent to the template: start a worker; end one; wait for one that ends by itself.
FORK, KILL, WAIT = b"fork", b"kill", b"wait"
# The exit code of a worker that had no memory left to say so.
OUT_OF_MEMORY = 12
# The exit code of a worker to which the system does not give the memory that it may have.
STARVED = 13
# The code by which a worker says that a recognizer has to do the job (pools.py).
HAND_ON = "hand_on"
