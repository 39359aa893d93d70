"""The words of the portal, for the people who use it: what the page of terms lists and links lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.text import slugify

#: Term and meaning, in the order of the alphabet.
TERMS: Final[Mapping[str, str]] = {
    "Activation": (
        "The hub starts to run the new firmware. Only the hub's own message, or a reading, confirms it."
    ),
    "Activation hours": (
        "The hours of a night in which hubs activate when nobody chose an exact time, 22:00 to 06:00 "
        "unless DCC sets others. A Supplier can keep narrower hours for its own hubs."
    ),
    "Approval rule": (
        "A Supplier's standing approval: rollouts that meet its criteria are instructed automatically."
    ),
    "Automatic date": "When DCC activates the hubs that nobody has instructed.",
    "Batch": "A part of a rollout with its own dates. The pilot group is a batch.",
    "Consent": "Whether a hub's time is settled. A hub with two Suppliers needs an answer from both.",
    "CPL": "Central Products List: which firmware may run on which hub model.",
    "CSP": "Communications Service Provider: carries images and commands to the hubs of its regions.",
    "Cut-off": (
        "The end of the supplier window: one calendar month before the automatic date, at the same "
        "time of day. An instruction received at the cut-off still counts; a later one does not."
    ),
    "Distribution": "The image is sent to the hub. The hub stores it and goes on running the old firmware.",
    "Effective time": "When a hub will activate if nobody does anything more.",
    "Eligible": (
        "The rollout may be applied to the hub: its model and firmware version match, and it is "
        "commissioned or suspended in the inventory."
    ),
    "Estate": "All the hubs that your organisation may see.",
    "GPF": "Gas Proxy Function: the other device in the hub's box. It has a GUID of its own.",
    "GUID": "The number of a device, such as 00-DB-12-34-00-00-00-01.",
    "Halt rule": "Suspends a rollout by itself when too large a share of hubs fails.",
    "Instruction": "What a Supplier asks for: these hubs, at this time. Each gets a receipt.",
    "Nomination": "Hubs that a Supplier offers for the pilot. DCC confirms them.",
    "Not confirmed": "The hub was told to activate and neither reported nor answered when it was read.",
    "Panel": "The SEC Panel, or the Sub-Committee it names. It confirms DCC's decisions.",
    "Pilot": (
        "A few hubs that go first. The others wait until the pilot has ended and DCC accepts its outcome."
    ),
    "Rollout": "One firmware version on its way to every hub that may have it.",
    "Safe launch group": "Every eligible hub outside the pilot group. It starts once the pilot is accepted.",
    "Second Supplier": "The other Supplier of a hub that has two. Nobody is told who it is.",
    "Settled": "Nothing more will happen to the hub in this rollout: it activated or failed.",
    "SMI": "Smart Metering Inventory: the record of every device, its status and firmware version.",
    "Supplier window": "The time in which Suppliers can instruct: from the notice to the cut-off.",
    "Suspended": (
        "Nothing is sent or activated. DCC can suspend at once; to resume, a decision must be confirmed."
    ),
}


def slug_of(term: str) -> str:
    """Return the anchor of a term on the page of terms."""
    return slugify(term)
