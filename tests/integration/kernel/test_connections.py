"""A process that is gone without a word does not keep its locks for long."""

from __future__ import annotations

import pytest

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
