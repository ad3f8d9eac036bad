"""A test double for faults only: the real jobs, which a request with this mark kills, as a hostile picture would."""

from __future__ import annotations

import os
from typing import Any

from processor_service.settings import Settings
from processor_service.workers import jobs
from processor_service.workers.protocol import Job
from processor_service.workers.template import fork_workers

MARK = b'"kill-me"'
_handle = jobs.handle


def handle(body: bytes, settings: Settings, job: Job = Job.PROCESS) -> tuple[dict[str, Any], bytes]:
    # Not while the picture is only cut: what kills is a decoder.
    if MARK in body and job is not Job.CUT:
        os.abort()
    return _handle(body, settings, job)


if __name__ == "__main__":
    jobs.handle = handle
    fork_workers(jobs.load)
