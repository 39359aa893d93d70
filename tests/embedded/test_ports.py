"""A port that is taken is passed over, and said so when none is left."""

from __future__ import annotations

import socket

import pytest

from portal.embedded import ports
from portal.embedded.failures import CannotStart


def test_a_taken_port_is_passed_over():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        assert ports.is_taken(taken)
        assert ports.first_free(taken) > taken


def test_when_none_is_left_it_is_said():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        with pytest.raises(CannotStart, match="all taken"):
            ports.first_free(taken, tries=1)
