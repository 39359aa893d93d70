"""Which guide and which first steps belong to which kind of organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.identity.models import OrganisationKind


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do on a first visit: what, why, and the name of its page."""

    label: str
    text: str
    page: str


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide of one kind of organisation."""

    slug: str
    title: str
    steps: Sequence[Step]


GUIDES: Final[Mapping[OrganisationKind, Guide]] = {
    OrganisationKind.SUPPLIER: Guide(
        "supplier",
        "Guide for Suppliers",
        (
            Step(
                "Open a rollout",
                "See which of your hubs it concerns, and until when you can instruct.",
                "rollouts:list",
            ),
            Step("Choose when you get mail", "At once, once a day, or never.", "notifications:preferences"),
            Step("Look up a hub", "Its firmware, its history, and when it activates.", "rollouts:estate"),
        ),
    ),
    OrganisationKind.DCC: Guide(
        "dcc",
        "Guide for DCC",
        (
            Step(
                "See what can go out",
                "A rollout needs an active entry with its image.",
                "rollouts:catalogue",
            ),
            Step(
                "Publish your first notice",
                "You see how many hubs it concerns before anybody is told.",
                "rollouts:publish",
            ),
            Step(
                "See whether images arrive in time",
                "What each CSP can send, and by when.",
                "rollouts:channels",
            ),
        ),
    ),
    OrganisationKind.CSP: Guide(
        "csp",
        "Guide for CSPs",
        (
            Step(
                "See what is planned",
                "How many hubs activate each day in your regions.",
                "rollouts:schedule",
            ),
            Step(
                "Check your capacity",
                "Capacity, hours, and whether the images will arrive in time.",
                "rollouts:channels",
            ),
            Step("Choose when you get mail", "At once, once a day, or never.", "notifications:preferences"),
        ),
    ),
    OrganisationKind.PANEL: Guide(
        "panel",
        "Guide for the Panel",
        (
            Step(
                "See what waits for you",
                "Decisions that DCC recommends, with their evidence.",
                "rollouts:decisions",
            ),
            Step(
                "See what went wrong",
                "What Suppliers report, and how failure rates compare.",
                "rollouts:triage",
            ),
            Step("Choose when you get mail", "At once, once a day, or never.", "notifications:preferences"),
        ),
    ),
}


def guide_of(kind: OrganisationKind) -> Guide:
    """Return the guide of a kind of organisation."""
    return GUIDES[kind]
