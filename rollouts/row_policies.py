"""Which rows of the rollouts' tables an organisation sees (ADR 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.kernel.row_security import OWN, Rows, owned, part_of, parts_of
from portal.kernel.tenancy import CSP, OPERATOR, PANEL

_OF_PAIR: Final = f"(import_supplier_id = {OWN} OR gas_supplier_id = {OWN})"
_SERVED: Final = (
    f"region IN (SELECT served.region FROM rollouts_cspchannel AS served WHERE served.csp_id = {OWN})"  # noqa: S608
)
_OF_HUB: Final = "EXISTS (SELECT FROM rollouts_hub AS own WHERE own.guid = {table}.guid)"
_DCC: Final = (OPERATOR,)
_DCC_AND_PANEL: Final = (OPERATOR, PANEL)

ROW_POLICIES: Final[Mapping[str, Rows]] = {
    "rollouts_hub": Rows(_OF_PAIR, _DCC_AND_PANEL, shown_to_csps=_SERVED),
    "rollouts_hub_history": Rows(_OF_HUB, _DCC),
    "rollouts_hubvolatile": Rows(_OF_HUB, _DCC),
    "rollouts_failure": Rows(_OF_HUB, _DCC),
    "rollouts_target": Rows(_OF_PAIR, _DCC_AND_PANEL, shown_to_csps=_SERVED),
    "rollouts_tally_state": Rows(_OF_PAIR, (OPERATOR, PANEL, CSP)),
    "rollouts_tally_plan": Rows(_OF_PAIR, (OPERATOR, PANEL, CSP)),
    "rollouts_estate_tally": Rows(_OF_PAIR, (OPERATOR, PANEL, CSP)),
    "rollouts_activation_point": owned("party_id", all_to=(OPERATOR, PANEL, CSP)),
    "rollouts_hublabel": owned(),
    "rollouts_saved_view": owned(),
    "rollouts_export": owned(),
    "rollouts_columnmapping": owned(),
    "rollouts_selectionrule": owned(),
    "rollouts_selectionruleversion": part_of("rollouts_selectionrule", "rule_id"),
    "rollouts_approvalrule": owned(),
    "rollouts_approvalruleversion": part_of("rollouts_approvalrule", "rule_id"),
    "rollouts_approvalrun": part_of("rollouts_approvalruleversion", "version_id"),
    "rollouts_instruction": owned(all_to=_DCC),
    "rollouts_instructionline": part_of("rollouts_instruction", "instruction_id", all_to=_DCC),
    "rollouts_pilotsubmission": owned(all_to=_DCC),
    "rollouts_pilotmember": part_of("rollouts_pilotsubmission", "submission_id", all_to=_DCC),
    "rollouts_pilotreminder": owned(all_to=_DCC),
    "rollouts_incident": owned(all_to=_DCC_AND_PANEL),
    **parts_of(
        "rollouts_incident",
        "incident_id",
        "rollouts_incident_hub",
        "rollouts_incidentcomment",
        "rollouts_incidentattachment",
        all_to=_DCC_AND_PANEL,
    ),
    "rollouts_signingcertificate": owned(all_to=_DCC),
    "rollouts_servicerequest": owned(all_to=_DCC),
}
