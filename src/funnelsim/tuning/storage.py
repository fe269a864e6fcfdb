"""A study kept in a database of Optuna's, SQLite, PostgreSQL or Redis, in place of the journal in its folder.

The search works on a copy in memory; each batch is written to the storage, in the order of its policies, when it has
been told. So the storage only ever grows and holds finished trials alone, and what a killed process left of a batch is
simply written on: the batch comes out the same when it is asked for again. Passwords are in no message and no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, get_storage
from optuna.storages.journal import JournalRedisBackend
from optuna.trial import FrozenTrial

from funnelsim.errors import Fault, InputError, ResultError
from funnelsim.tuning.journal import Direction, quiet

FINGERPRINT = "funnelsim"
"""Attribute of a stored study that holds what `study.json` says of it."""
PREFIX = "funnelsim"
"""Of all keys in Redis, so that they meet nobody else's."""
HIDDEN = "***"
_SECRET = re.compile(r"(?i)((?:^|&)(?:password|passwd|pass|sslpassword)=)[^&]*")
KINDS = "sqlite:///file.db, postgresql://user:password@host/database or redis://host:6379/0"


def shown(url: str) -> str:
    """Return a storage's URL without its passwords.

    >>> shown("postgresql://me:secret@db.example.org/studies")
    'postgresql://me:***@db.example.org/studies'
    """
    before, _, query = url.partition("?")
    scheme, slashes, rest = before.partition("://")
    place, slash, path = rest.partition("/")
    if "@" in place:
        user, _, host = place.rpartition("@")
        name, colon, _ = user.partition(":")
        place = f"{name}{':' + HIDDEN if colon else ''}@{host}"
    query = _SECRET.sub(rf"\1{HIDDEN}", query)
    return f"{scheme}{slashes}{place}{slash}{path}{'?' if query else ''}{query}"


def open_storage(url: str) -> BaseStorage:
    """Return the storage at `url`; its tables are made where they are missing.

    Raises:
        InputError: where the URL is of no storage that can be used, or what talks to it is not installed.
        ResultError: where it does not answer.
    """
    scheme = urlsplit(url).scheme.partition("+")[0].lower()
    if scheme not in ("sqlite", "postgresql", "postgres", "redis", "rediss"):
        raise InputError([Fault("--storage", "", "is no storage that can be used", shown(url), f"give {KINDS}")])
    with explained(url), quiet():
        if scheme in ("redis", "rediss"):
            storage: BaseStorage = JournalStorage(JournalRedisBackend(url, prefix=PREFIX))
            storage.get_all_studies()  # asks whether anybody is there
            return storage
        return get_storage(_with_driver(url))


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what goes wrong with the storage at `url` into a message that names it without its passwords."""
    try:
        yield
    except ImportError:
        extra = "redis" if urlsplit(url).scheme.startswith("redis") else "postgresql"
        remedy = f"pip install 'funnelsim[{extra}]'"
        raise InputError(
            [Fault("--storage", "", f"what talks to {shown(url)} is not installed", None, remedy)]
        ) from None
    except Exception as error:
        if not _is_of_storage(error):
            raise
        first = str(error.__cause__ or error).strip().partition("\n")[0]
        raise ResultError(
            f"{shown(url)}: {_without_secrets(first, url)}; nothing finished is lost, --resume goes on"
        ) from None


class StoredStudy:
    """One study in a storage, found by its name."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self._storage = open_storage(url)
        self._study: optuna.Study | None = None
        with explained(url), quiet():
            if any(study.study_name == name for study in self._storage.get_all_studies()):
                self._study = optuna.load_study(study_name=name, storage=self._storage)

    def __str__(self) -> str:
        """Return where it is, for messages."""
        return f"{shown(self.url)}, study '{self.name}'"

    def told(self) -> str | None:
        """Return what was said of the study when it was begun, as JSON; None where it has not been.

        Raises:
            ResultError: where the storage holds a study of this name that is none of ours.
        """
        if self._study is None:
            return None
        with explained(self.url):
            text = self._study.user_attrs.get(FINGERPRINT)
            if text is None and not self._study.get_trials(deepcopy=False):
                return None  # a process was killed as it began
        if not isinstance(text, str):
            raise ResultError(f"{self}: is another study than one of funnelsim's; choose another --out")
        return text

    def begin(self, said: str, *, directions: Sequence[Direction], measures: Sequence[str]) -> None:
        """Make the study where it is not there, and keep what is said of it."""
        with explained(self.url), quiet():
            if self._study is None:
                self._study = optuna.create_study(
                    study_name=self.name, storage=self._storage, directions=list(directions)
                )
            if self._study.metric_names != list(measures):
                self._study.set_metric_names(list(measures))
            if self._study.user_attrs.get(FINGERPRINT) != said:
                self._study.set_user_attr(FINGERPRINT, said)

    def remove(self) -> None:
        """Remove the study from the storage, where it is there."""
        if self._study is not None:
            with explained(self.url), quiet():
                optuna.delete_study(study_name=self.name, storage=self._storage)
            self._study = None

    def whole_batches(self, batch: int) -> int:
        """Return how many trials its finished whole batches hold."""
        return len(self._finished()) // batch * batch

    def opened(self, keep: int, *, directions: Sequence[Direction], measures: Sequence[str]) -> optuna.Study:
        """Return a copy in memory of its first `keep` trials; what is told to it is kept by `append`."""
        with quiet():
            copy = optuna.create_study(study_name=self.name, directions=list(directions))
            copy.add_trials(self._finished()[:keep])
        return copy

    def append(self, study: optuna.Study) -> None:
        """Write the trials of `study` that the storage does not have yet.

        Raises:
            ResultError: where it has others than those of `study`, since somebody else writes there, or fails.
        """
        assert self._study is not None
        trials, there = study.get_trials(deepcopy=False), self._finished()
        if any(_content(a) != _content(b) for a, b in zip(trials, there, strict=False)):
            raise ResultError(f"{self}: somebody else writes to this study; choose another --out")
        with explained(self.url), quiet():
            self._study.add_trials(trials[len(there) :])

    def _finished(self) -> list[FrozenTrial]:
        """Return its trials up to the first that is not finished."""
        if self._study is None:
            return []
        with explained(self.url):
            trials = self._study.get_trials(deepcopy=False)
        unfinished = (n for n, trial in enumerate(trials) if not trial.state.is_finished() or trial.number != n)
        return trials[: next(unfinished, len(trials))]


def _content(trial: FrozenTrial) -> tuple[Any, ...]:
    return trial.number, trial.state, trial.params, trial.values, trial.constraints


def _with_driver(url: str) -> str:
    """Return a URL that SQLAlchemy reads: PostgreSQL by psycopg (3), which we install, unless it names a driver."""
    scheme, rest = url.split(":", 1)
    return f"postgresql+psycopg:{rest}" if scheme.lower() in ("postgres", "postgresql") else url


def _is_of_storage(error: Exception) -> bool:
    """Return whether an error comes from the storage, or from what talks to it."""
    home = type(error).__module__.partition(".")[0]
    return isinstance(error, StorageInternalError | OSError) or home in ("sqlalchemy", "redis", "psycopg", "alembic")


def _without_secrets(text: str, url: str) -> str:
    password = urlsplit(url).password
    secrets = {password, unquote(password)} if password else set()
    secrets |= {found.split("=", 1)[1] for found in re.findall(r"(?i)(?:password|passwd|pass)=[^&]+", url)}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
