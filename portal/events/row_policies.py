"""Which entries of the feed an organisation sees (ADR 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.kernel.row_security import OWN, Rows, owned
from portal.kernel.tenancy import OPERATOR, PANEL

_BY_DCC: Final = "organisation_id = (SELECT min(id) FROM identity_organisation WHERE kind = 'DCC')"

ROW_POLICIES: Final[Mapping[str, Rows]] = {
    # What the DCC did to a rollout tells a rule's back-test what was known when.
    "events_event": Rows(
        f"(organisation_id = {OWN} OR starts_with(subject, 'rollout:') AND {_BY_DCC})",
        all_to=(OPERATOR, PANEL),
        are_added_for_others=True,
    ),
    "events_feed_entry": owned("party_id"),
    "events_feed_head": owned("party_id"),
    "events_feed_jump": owned("party_id"),
    "events_feed_outbox": Rows(f"party_id = {OWN}", are_added_for_others=True),
}
