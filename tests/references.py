"""What stands in addresses in the place of ids: opaque references of some kinds, numbers of the others."""

from __future__ import annotations

from typing import Final

from portal.kernel.references import reference_of

_KINDS: Final = {
    "certificate_id": "certificate",
    "export_id": "estate_file",
    "file_id": "incident_file",
    "incident_id": "incident",
    "number": "service_message",
    "person_id": "person",
    "pk": "security_key",
    "submission_id": "submission",
    "view_id": "estate_view",
    "webhook_id": "webhook",
}


def in_address(parameter: str, number: int, *, path: str) -> str | int:
    """Return what stands in an address for the id that a parameter of it names."""
    kind = _KINDS.get(parameter)
    if parameter == "rule_id" and "halt-rules" not in path:
        kind = "approval_rule" if "approval" in path else "selection_rule"
    return number if kind is None else reference_of(number, kind)
