"""PostgreSQL, Valkey and the portal's processes, started and stopped by us: for demo, development and tests.

Nothing here needs Django: the database must run before Django can reach it.
"""

from __future__ import annotations
