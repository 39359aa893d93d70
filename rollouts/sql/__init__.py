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
    "ELIGIBLE_SMI_STATUSES",
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
