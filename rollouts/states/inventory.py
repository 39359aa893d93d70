"""Kinds of inventory files, and what can be wrong with a line of one."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices


class FileKind(TextChoices):
    """What kind of file an import was."""

    LOAD = "LOAD", "Inventory of hubs"
    SUPPLIER_CHANGE = "SUPPLIER_CHANGE", "Supplier changes"
    STATUS_CHANGE = "STATUS_CHANGE", "Status changes"
    CPL = "CPL", "Central Products List"


class LineProblem(TextChoices):
    """Why a line was not taken; the label says it to the person who sent the file."""

    MALFORMED_LINE = (
        "MALFORMED_LINE",
        "The line has not as many columns as the heading, or a quotation mark in it is not closed.",
    )
    MALFORMED_ID = "MALFORMED_ID", "The GUID is not 16 hexadecimal digits."
    MALFORMED_GPF_ID = "MALFORMED_GPF_ID", "The GUID of the GPF is not 16 hexadecimal digits."
    GPF_IS_THE_HUB = "GPF_IS_THE_HUB", "The GPF has the GUID of the hub itself: they are two devices."
    DUPLICATE_IN_FILE = "DUPLICATE_IN_FILE", "The hub stands further up in the file."
    DUPLICATE_GPF = "DUPLICATE_GPF", "The GPF stands further up in the file, with another hub."
    GPF_OF_ANOTHER_HUB = "GPF_OF_ANOTHER_HUB", "The GPF is paired with another hub of the inventory."
    GPF_IS_A_HUB = "GPF_IS_A_HUB", "The GUID of the GPF is that of another hub."
    HUB_IS_A_GPF = "HUB_IS_A_GPF", "The GUID is that of the GPF of another hub."
    UNKNOWN_MODEL = (
        "UNKNOWN_MODEL",
        "The Central Products List has no such hub model. Add it and its firmware, then send the line again.",
    )
    UNKNOWN_VERSION = (
        "UNKNOWN_VERSION",
        "The Central Products List has no such firmware for the hub model. Add it, then send the line again.",
    )
    UNKNOWN_GPF_VERSION = (
        "UNKNOWN_GPF_VERSION",
        "The Central Products List has no such firmware for the GPF. Add it, then send the line again.",
    )
    UNKNOWN_REGION = "UNKNOWN_REGION", "There is no such region."
    UNKNOWN_STATUS = "UNKNOWN_STATUS", "There is no such status in the Smart Metering Inventory."
    UNKNOWN_GPF_STATUS = "UNKNOWN_GPF_STATUS", "There is no such status for a GPF."
    UNKNOWN_MPID = "UNKNOWN_MPID", "No Supplier has this market participant id."
    UNKNOWN_GAS_CODE = "UNKNOWN_GAS_CODE", "No Supplier has this gas short code."
    BAD_DATE = "BAD_DATE", "A date is not a day, such as 2026-11-20."
    BAD_HAN_DEVICES = "BAD_HAN_DEVICES", "The number of HAN devices is not a number from 0 to 16."
    BAD_POSTCODE_AREA = "BAD_POSTCODE_AREA", "A postcode area has one or two letters."
    BAD_ROLE = "BAD_ROLE", "The role is neither IMPORT nor GAS."
    NOT_YET = "NOT_YET", "The change takes effect later: send it again on that day."
    OVERTAKEN = "OVERTAKEN", "A line further down says something else of the hub, and counts."
    UNKNOWN_DEVICE = "UNKNOWN_DEVICE", "The hub is not in the inventory."
    UNKNOWN_REPLACEMENT = "UNKNOWN_REPLACEMENT", "The hub that takes its place is not in the inventory."
    BAD_VERSION = "BAD_VERSION", "The firmware version is not one to eight letters and digits."
    BAD_HASH = "BAD_HASH", "The hash is not a SHA-256 hash: 64 hexadecimal digits."
    BAD_HASH_COVERS = "BAD_HASH_COVERS", "The hash covers the WHOLE_FILE or the IMAGE, nothing else."
    BAD_CPL_STATUS = "BAD_CPL_STATUS", "The status is not Active, Cancelled, Expired or Withdrawn."
    BAD_PREDECESSOR = (
        "BAD_PREDECESSOR",
        "The upgrade path names a version or an entry that the list does not have for this model.",
    )
    DUPLICATE_ENTRY = "DUPLICATE_ENTRY", "The entry stands further up in the file."
    DUPLICATE_REFERENCE = "DUPLICATE_REFERENCE", "Another entry has this number."
    IMAGE_DIFFERS = "IMAGE_DIFFERS", "The image uploaded for the entry has another hash."
    TEXT_TOO_LONG = "TEXT_TOO_LONG", "A text is longer than its column takes."
    OLDER_VERSION = (
        "OLDER_VERSION",
        "The hub itself has named another version since the file was made, which stands. The rest was taken.",
    )


MOST_HAN_DEVICES: Final = 16
