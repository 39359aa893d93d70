"""What is known of a hub or a release when a condition is put to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class ModelFacts(NamedTuple):
    """The part of a hub model that conditions ask about. Empty text counts as missing."""

    manufacturer: str
    model: str
    band: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a tree of hub conditions is read against: who asks, as of which day, and the catalogue.

    `versions` names the firmware version of each CPL entry id, `models` describes each device
    model id. An id that is in neither counts as a missing fact.
    """

    organisation_id: int | None
    as_of: date
    versions: Mapping[int, str] = field(default_factory=dict)
    models: Mapping[int, ModelFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HubFacts:
    """One row of the inventory, and the labels the asking organisation gave it."""

    guid: int
    region: int
    smi_status: int
    cpl_entry_id: int | None = None
    device_model_id: int | None = None
    import_supplier_id: int | None = None
    gas_supplier_id: int | None = None
    commissioned_on: date | None = None
    installed_on: date | None = None
    han_devices: int | None = None
    postcode_area: str | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What was known of a release at one moment: a back-test puts the facts of that day here."""

    severity: str
    priority: str
    kind: str
    manufacturer: str
    model: str
    version: str
    consent_policy: str | None = None
    #: In percent of the pilot's settled hubs; None until there is one.
    pilot_success_rate: float | None = None
    pilot_size: int | None = None
    days_to_cutoff: int | None = None
