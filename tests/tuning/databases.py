"""Databases on loopback for tests of storages, started where their programs are installed, else None."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "s3cret w/ord"
QUOTED = "s3cret%20w%2Ford"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def redis_server(folder: Path) -> Iterator[str | None]:
    """Give the URL of a Redis server with a password; None where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port = free_port()
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD]
    process = subprocess.Popen([*words, "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://:{QUOTED}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str | None]:
    """Give the URL of a PostgreSQL server with a password; None where it is not installed."""
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None:
        yield None
        return
    # PostgreSQL refuses to run as root: then it runs as nobody, in a folder of its own.
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    place, secret, port = folder / "data", folder / "password", free_port()
    secret.write_text(PASSWORD)
    if user:
        for path in (folder, secret):
            shutil.chown(path, "nobody")
        for parent in folder.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    words = [initdb, "-D", str(place), "-U", "me", "-A", "scram-sha-256", "--pwfile", str(secret), "--no-sync"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", **user)  # type: ignore[call-overload]
    words = [postgres, "-D", str(place), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd="/", **user)  # type: ignore[call-overload]
    try:
        _wait_for(port)
        yield f"postgresql://me:{QUOTED}@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # at once: SIGTERM would wait for connections to be closed
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody answers on port {port}")
