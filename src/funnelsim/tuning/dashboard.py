"""A search in the browser: optuna-dashboard (extra `dashboard`) on a study's journal or on a storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend

from funnelsim.errors import Fault, InputError, ResultError
from funnelsim.tuning.fingerprint import read_study
from funnelsim.tuning.plan import JOURNAL, STUDY
from funnelsim.tuning.storage import HIDDEN, open_storage


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Write no line for each request."""


def serve(place: str, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the dashboard of what is kept at `place` until the process is interrupted.

    Args:
        place: A folder of `funnelsim tune`, or the URL of a storage.
        host: Address to listen on.
        port: 0 takes one that is free.
        ready: Called with the address, once it can be opened.

    Raises:
        InputError: where the dashboard is not installed, or nothing is kept there.
        ResultError: where the storage does not answer, or the address cannot be listened on.
    """
    try:
        from optuna_dashboard import wsgi
    except ImportError:
        remedy = "pip install 'funnelsim[dashboard]'"
        raise InputError([Fault("dashboard", "", "optuna-dashboard is not installed", None, remedy)]) from None
    application = wsgi(storage_at(place))
    try:
        server = make_server(host, port, application, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        raise ResultError(f"{host}:{port}: cannot be listened on: {error.strerror or error}; try --port 0") from None
    with server:
        ready(f"http://{host}:{server.server_port}/")
        server.serve_forever()


def storage_at(place: str) -> BaseStorage:
    """Return the storage at a URL, or the one that keeps the study of a folder.

    Raises:
        InputError: where there is none.
        ResultError: where it does not answer.
    """
    if "://" in place:
        return open_storage(place)
    folder = Path(place)
    if not (folder / STUDY).exists():
        remedy = "give a folder that `funnelsim tune` has written, or the URL of a storage"
        raise InputError([Fault(place, "", "holds no study", None, remedy)])
    url = read_study(folder / STUDY).get("storage")
    if url is None:
        journal = folder / JOURNAL
        if not journal.exists():
            raise InputError([Fault(place, "", "its study has no policy yet", None, "look again when one is tried")])
        return JournalStorage(JournalFileBackend(str(journal.resolve())))
    if HIDDEN in url:
        raise InputError([Fault(place, "", f"its study is kept in {url}", None, "give that URL with its password")])
    return open_storage(url)
