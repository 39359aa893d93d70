"""Which rows of the kernel's tables an organisation sees (ADR 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.kernel.row_security import Rows, owned

ROW_POLICIES: Final[Mapping[str, Rows]] = {"kernel_idempotencykey": owned()}
