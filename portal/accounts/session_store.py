"""Sessions in the database, found by keys that could be keys: what a cookie holds is anybody's text."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib.sessions.backends import db

_KEY: Final = re.compile(r"[a-z0-9]{32}")


class SessionStore(db.SessionStore):
    """Django's, but that a key of another shape is no key: the database is not asked for it."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and _KEY.fullmatch(key) is not None
