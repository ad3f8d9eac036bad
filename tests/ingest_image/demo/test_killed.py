"""What the demo has started ends with it, also when it is killed and can stop nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT
from tests.helpers.ports import free_port
from tests.helpers.processes import alive, command_of, descendants, wait_until

# Starts the demo's servers as the demo does, and stays up.
PARENT = """
import sys, time
from pathlib import Path
from ingest_image.demo.servers import child_server

folder, service_port, gallery_port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with child_server(folder, "serve", service_port, IMAGE_TOKEN="secret", IMAGE_RECOGNIZERS="0") as service:
    with child_server(folder, "gallery", gallery_port, "--url", "http://127.0.0.1:9") as gallery:
        service.wait_for("/readyz")
        gallery.wait_for("/static/grid.js")
        print("up", flush=True)
        time.sleep(600)
"""
# In the place of the program that `make demo` starts: it is given the same options, and is something that starts faster.
GALLERY = f"""#!{sys.executable}
import sys
from ingest_image.cli import main
sys.argv[sys.argv.index("demo") :] = ["gallery", "--url", "http://127.0.0.1:9", "--port", "%d"]
main()
"""


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_its_servers_and_their_workers_end_when_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path), str(free_port()), str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"up\n"
        below = descendants(parent.pid)
        commands = " ".join(map(command_of, below))
        assert all(name in commands for name in ("gunicorn: master", "processor_service.workers.jobs", "gallery"))
        parent.kill()
    wait_until(lambda: not any(map(alive, below)))


def test_it_ends_when_make_is_killed(tmp_path: Path) -> None:
    port = free_port()
    program = tmp_path / "ingest-image"
    program.write_text(GALLERY % port)
    program.chmod(0o755)
    # As if everything were installed, and no make had started the tests.
    command = ["make", "--silent", "--old-file=install", "demo", f"BIN={tmp_path}"]
    kept = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    with subprocess.Popen(command, cwd=ROOT, env=kept, start_new_session=True) as make:
        wait_until(lambda: answers(port) or make.poll() is not None)
        (below,) = descendants(make.pid)
        make.kill()
    wait_until(lambda: not alive(below))


def test_it_does_not_start_when_its_parent_has_ended() -> None:
    started = subprocess.run(
        [sys.executable, "-m", "ingest_image", "--until-end-of", str(os.getppid()), "gallery", "--help"]
    )
    assert started.returncode == -15
