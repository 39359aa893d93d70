"""How database and broker are reached, so that a lost one is noticed within seconds."""

from __future__ import annotations

import socket
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

# A sender's lease and a stop's lock end with their session. A machine that is gone without a word must not
# hold them for the two hours after which a system notices by itself.
_SERVER_NOTICES: Final = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"

# A server that is gone without a word, or was demoted, is noticed by us: a question nobody acknowledges is
# given up after eight seconds, as is an idle connection, and only one that takes writes is connected to.
_WE_NOTICE: Final = {
    "connect_timeout": "3",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "8000",
    "target_session_attrs": "read-write",
}


#: The same for sockets to the broker.
KEEPALIVE: Final = {
    socket.TCP_KEEPIDLE: 5,
    socket.TCP_KEEPINTVL: 2,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 10_000,
}


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of a database; what the query of the URL says goes before what we say.

    Raises:
        ValueError: it is no address of PostgreSQL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    options: dict[str, Any] = _WE_NOTICE | dict(parse_qsl(parts.query))
    options["options"] = f"{_SERVER_NOTICES} {options.get('options', '')}".strip()
    return {
        "ENGINE": "portal.kernel.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def pool(size: int) -> dict[str, Any]:
    """Return the settings of a pool that looks for a lost server at each request, not ever more seldom."""
    return {"min_size": 1, "max_size": size, "timeout": 5, "reconnect_timeout": 10}
