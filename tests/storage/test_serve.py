"""A storage is shared with other machines."""

from __future__ import annotations

import socket
import sys

import optuna
import pytest

import tuneflow as tf
from tuneflow.storage.open import open_storage
from tuneflow.storage.serve import serve

HOST = "127.0.0.1"


def free_port():
    with socket.create_server((HOST, 0)) as taken:
        return taken.getsockname()[1]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_study_that_is_served_is_found_by_others(tmp_path):
    pytest.importorskip("grpc")
    port, path = free_port(), tmp_path / "a.db"
    server = serve(path, HOST, port)
    try:
        study = optuna.create_study(storage=open_storage(f"grpc://{HOST}:{port}"), study_name="s")
        study.tell(study.ask(), 1.0)
    finally:
        server.stop(None).wait()
    assert optuna.load_study(study_name="s", storage=open_storage(path)).best_value == 1.0


def test_a_port_that_is_taken_is_refused(tmp_path):
    pytest.importorskip("grpc")
    with (
        socket.create_server((HOST, 0)) as taken,
        pytest.raises(tf.StudyError, match=r"serve: 127.0.0.1:\d+ cannot be used"),
    ):
        serve(tmp_path / "a.journal", HOST, taken.getsockname()[1])


def test_without_grpc_the_extra_is_named(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("optuna.storages._grpc")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna.storages._grpc.server", None)
    with pytest.raises(tf.MissingExtra, match=r"pip install 'tuneflow\[grpc\]'"):
        serve(tmp_path / "a.journal", HOST, 1)
