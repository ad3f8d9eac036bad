"""The system gives no more processes for a while. That no file is left is in test_worker_pool.py."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest

from processor_service.errors import Code, ImageError
from processor_service.workers.pool import WorkerPool
from tests.helpers.processes import wait_until
from tests.processor_service.workers.test_worker_pool import FAULTY, kill, whole


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM], ids=errno.errorcode.get)
def test_a_pool_whose_template_cannot_fork_tries_again_with_pauses_and_recovers(number: int, tmp_path: Path) -> None:
    failing = tmp_path / "failing"
    pool = WorkerPool(2, 2, 1.5, command=(*FAULTY, "--fork-fails", str(failing)))
    try:
        workers = whole(pool)
        assert pool.crew.source.template
        template = pool.crew.source.template.process.pid
        failing.write_text(str(number))
        for pid in workers:
            kill(pid)
        for _ in range(3):
            with pytest.raises(ImageError) as raised:
                pool.run(b"y")
            assert raised.value.code is Code.NO_WORKER
            assert not pool.ready()
        # Without pauses there would be hundreds of attempts.
        time.sleep(1)
        assert 1 < len(failing.read_text().split()) < 12
        failing.unlink()
        wait_until(pool.ready)
        assert pool.run(b"z").body.startswith(b"z")
        assert len(whole(pool)) == 2
        # It was not at fault.
        assert pool.crew.source.template.process.pid == template
    finally:
        pool.stop()
