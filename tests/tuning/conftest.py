import os

import pytest


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """Optuna waits for the disk at every line of its journal, which only guards against a loss of power."""
    monkeypatch.setattr(os, "fsync", lambda file: None)
