"""The live page, asked as a browser asks it."""

from __future__ import annotations

import socket

import pytest
from studies import study

import tuneflow as tf
from tuneflow.reporting import live
from tuneflow.reporting.watch import Held

# ---------- where it is ----------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost", "localhost:8050"])
def test_a_browser_may_leave_the_port_out(host):
    client = live.app(Held((study(3),))).server.test_client()
    assert client.get("/page.css", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil", "[", ""])
def test_a_foreign_name_is_refused(host):
    client = live.app(Held((study(3),))).server.test_client()
    assert client.get("/page.css", headers={"Host": host}).status_code in (400, 403)


def test_a_port_in_use_is_refused_by_its_number():
    with socket.create_server((live.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(tf.StudyError, match=rf"127\.0\.0\.1:{port}"):
            tf.report(study(3)).serve(port=port, browser=False)
