"""The roles a person or an API client can hold: one set of words for guards, menus and documents."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices


class Role(TextChoices):
    """What somebody may do in the portal, on behalf of their organisation."""

    DCC_OPERATOR = "DCC_OPERATOR", "DCC operator"
    DCC_VIEWER = "DCC_VIEWER", "DCC viewer"
    SUPPLIER_ADMIN = "SUPPLIER_ADMIN", "Supplier administrator"
    SUPPLIER_ANALYST = "SUPPLIER_ANALYST", "Supplier analyst"
    SUPPLIER_VIEWER = "SUPPLIER_VIEWER", "Supplier viewer"
    CSP_PLANNER = "CSP_PLANNER", "CSP planner"
    PANEL_MEMBER = "PANEL_MEMBER", "Panel member"
    PANEL_ADMIN = "PANEL_ADMIN", "Panel administrator"

    @property
    def description(self) -> str:
        """Return one sentence on what the role may do, for the people who assign it."""
        return DESCRIPTIONS[self]


DESCRIPTIONS: Final[dict[Role, str]] = {
    Role.DCC_OPERATOR: "Publishes rollouts, runs pilots and batches, suspends and records reviews.",
    Role.DCC_VIEWER: "Sees what the operator sees and changes nothing.",
    Role.SUPPLIER_ADMIN: "Instructs, approves by rule, and manages the Supplier's people and API clients.",
    Role.SUPPLIER_ANALYST: "Chooses hubs, instructs, approves by rule and raises incidents.",
    Role.SUPPLIER_VIEWER: "Sees and extracts what concerns the Supplier's own hubs and changes nothing.",
    Role.CSP_PLANNER: "Sees notices and the forward schedule of its own regions.",
    Role.PANEL_MEMBER: "Confirms or rejects what a review of a rollout proposes.",
    Role.PANEL_ADMIN: "Manages the Panel's people, log-in and API clients, and never signs.",
}

DCC_ROLES: Final = frozenset({Role.DCC_OPERATOR, Role.DCC_VIEWER})
SUPPLIER_ROLES: Final = frozenset({Role.SUPPLIER_ADMIN, Role.SUPPLIER_ANALYST, Role.SUPPLIER_VIEWER})
CSP_ROLES: Final = frozenset({Role.CSP_PLANNER})
PANEL_ROLES: Final = frozenset({Role.PANEL_MEMBER, Role.PANEL_ADMIN})

MAY_OPERATE: Final = frozenset({Role.DCC_OPERATOR})
MAY_INSTRUCT: Final = frozenset({Role.SUPPLIER_ADMIN, Role.SUPPLIER_ANALYST})
MAY_CONFIRM: Final = frozenset({Role.PANEL_MEMBER})
SIGNING_ROLES: Final = MAY_CONFIRM | MAY_OPERATE
"""Roles whose holders can be asked to sign a decision."""
APART: Final = frozenset({Role.PANEL_MEMBER, Role.PANEL_ADMIN})
"""Whoever lets others in could make signers of their own, so nobody holds both."""
