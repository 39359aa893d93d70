"""Which rows of inboxes and webhooks an organisation sees (ADR 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.kernel.row_security import Rows, owned, parts_of

ROW_POLICIES: Final[Mapping[str, Rows]] = {
    "notifications_message": owned(),
    "notifications_webhookendpoint": owned(),
    **parts_of(
        "notifications_webhookendpoint",
        "endpoint_id",
        "notifications_webhooksecret",
        "notifications_webhookdelivery",
    ),
}
