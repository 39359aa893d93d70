"""The statements of the rollouts area, and what they call by name, such as `{TargetState.ACTIVATED}`."""

from __future__ import annotations

from portal.events.kinds import ActivationCode, EntryKind
from portal.kernel.statements import Sql
from rollouts.states import (
    ACTIVATION_SENT_STATES,
    AWAITING_CONSENTS,
    CHANGEABLE_STATES,
    ELIGIBLE_SMI_STATUSES,
    FAILED_STATES,
    GONE_SMI_STATUSES,
    IMAGE_NOT_ON_HUB,
    IMAGE_ON_HUB,
    RECOVERING_SMI_STATUSES,
    REPORTED_FAILED_STATES,
    SETTLED,
    STATE_OF_FAILURE,
    TERMINAL_STATES,
    UNSETTLED_STATES,
    WAITING_STATES,
    AlertCode,
    Answer,
    CommandKind,
    CommandStatus,
    Consent,
    FailureCode,
    HistoryKind,
    Region,
    SmiStatus,
    SupplierRole,
    TargetState,
    retry_values_sql,
)

__all__ = [
    "ACTIVATION_SENT_STATES",
    "AWAITING_CONSENTS",
    "CHANGEABLE_STATES",
    "CONSENT_NAMES",
    "COUNTS_OF_PLACED",
    "ELIGIBLE_SMI_STATUSES",
    "ENTRIES_OF_PLACED",
    "FAILED_STATES",
    "GONE_SMI_STATUSES",
    "IMAGE_NOT_ON_HUB",
    "IMAGE_ON_HUB",
    "RECOVERING_SMI_STATUSES",
    "REPORTED_FAILED_STATES",
    "RETRY_POLICIES",
    "SETTLED",
    "STATE_OF_FAILURE",
    "SUITABLE",
    "TERMINAL_STATES",
    "UNSETTLED_STATES",
    "UNTAKEN",
    "WAITING_STATES",
    "ActivationCode",
    "AlertCode",
    "Answer",
    "CommandKind",
    "CommandStatus",
    "Consent",
    "EntryKind",
    "FailureCode",
    "HistoryKind",
    "Region",
    "SmiStatus",
    "SupplierRole",
    "TargetState",
]

#: Rows (code, attempts, wait, back_to), to join failures with.
RETRY_POLICIES = Sql(retry_values_sql())
#: The public names of consents, to be indexed with one.
CONSENT_NAMES = Sql(f"(ARRAY[{', '.join(repr(consent.name) for consent in sorted(Consent))}])")
#: What a hub (`h`) must be by itself, for a firmware to be applied to it (R1.6).
SUITABLE = Sql(
    "h.device_model_id = %(device_model_id)s AND h.cpl_entry_id = ANY(%(predecessors)s)"
    " AND h.smi_status IN ({ELIGIBLE_SMI_STATUSES}) AND h.region <> {Region.SMETS1}"
)
#: That no other open rollout is about to upgrade the hub (`h`).
UNTAKEN = Sql(
    "NOT EXISTS (SELECT FROM rollouts_target AS o WHERE o.rollout_id = ANY(%(others)s) AND o.guid = h.guid"
    " AND rollouts_stage_of(o.state) < {SETTLED})"
)
#: Feed entries for the Suppliers of hubs that have come to a rollout (`placed`); of a settled time, one more.
ENTRIES_OF_PLACED = Sql("""entries AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, code)
    SELECT hub.guid, %(now)s, party.id, %(rollout_id)s, %(cpl_entry_id)s, %(kind)s, {FailureCode.NONE}
      FROM placed AS hub
     CROSS JOIN LATERAL (SELECT hub.imports UNION SELECT hub.gas) AS party (id)
     WHERE party.id IS NOT NULL
), scheduled AS (
    INSERT INTO events_feed_outbox (guid, at, party_id, rollout_id, version_id, kind, data)
    SELECT hub.guid, date_trunc('minute', %(now)s::timestamptz), party.id, %(rollout_id)s, %(cpl_entry_id)s,
           {EntryKind.HUB_SCHEDULED},
           jsonb_build_object('effective_at',
                              to_char(hub.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                              'consent', {CONSENT_NAMES}[hub.consent])
      FROM placed AS hub
     CROSS JOIN LATERAL (SELECT hub.imports UNION SELECT hub.gas) AS party (id)
     WHERE party.id IS NOT NULL AND hub.consent >= {Consent.COMPLETE}
)""")
#: What they are to each of their Suppliers: counts by role, as JSON by party.
COUNTS_OF_PLACED = Sql("""coalesce((
    SELECT jsonb_object_agg(id, counts)
      FROM (SELECT party.id,
                   jsonb_build_object(
                       'hubs', count(*),
                       'split', count(*) FILTER (WHERE hub.imports <> hub.gas),
                       'import', count(*) FILTER (WHERE hub.gas IS DISTINCT FROM party.id),
                       'gas', count(*) FILTER (WHERE hub.imports IS DISTINCT FROM party.id),
                       'both', count(*) FILTER (WHERE hub.imports = hub.gas)) AS counts
              FROM placed AS hub
             CROSS JOIN LATERAL (SELECT hub.imports UNION SELECT hub.gas) AS party (id)
             WHERE party.id IS NOT NULL
             GROUP BY party.id) AS by_party), '{}')""")
