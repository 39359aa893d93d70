"""Whoever is gone without a word, a process or the database, is noticed within a minute or seconds."""

from __future__ import annotations

import os
import socket

import pytest
from django.db import connection

from portal.kernel import sql

pytestmark = pytest.mark.django_db


def test_the_database_looks_after_silent_sessions_within_a_minute():
    rows = sql.rows(
        """
        SELECT name, setting::int AS seconds FROM pg_settings
         WHERE name IN ('tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count')
        """
    )

    held = {row.name.removeprefix("tcp_keepalives_"): row.seconds for row in rows}
    assert 0 < held["idle"] + held["interval"] * held["count"] <= 60


def test_we_give_up_what_nobody_acknowledges_within_ten_seconds():
    connection.ensure_connection()

    with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        option = {
            name: line.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_USER_TIMEOUT", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        }

    assert 0 < option["TCP_USER_TIMEOUT"] <= 10_000
    assert option["TCP_KEEPIDLE"] + option["TCP_KEEPINTVL"] * option["TCP_KEEPCNT"] <= 10
