"""The simulated world as one JSON document: who there is, what hubs there are, what may run on them."""

from __future__ import annotations

from typing import Any

from hubsim.catalogue import DEVICE_MODELS, REMOVED_ON, ReferenceCplEntry, ReferenceModel, cpl_entries
from hubsim.codes import CSP_BY_REGION, CSPS, REGIONS, Csp
from hubsim.parties import DCC_USER_ID, SUPPLIERS, Supplier


def reference_data(seed: int) -> dict[str, Any]:
    """Return organisations, regions, hub models and CPL entries; the same for the same seed."""
    return {
        "seed": seed,
        "organisations": [*_bodies(), *(_supplier(party) for party in SUPPLIERS)],
        "regions": [_region(code) for code in range(1, len(REGIONS))],
        "device_models": [_device_model(model) for model in DEVICE_MODELS],
        "cpl_entries": [_cpl_entry(entry) for entry in cpl_entries(seed)],
    }


def _bodies() -> list[dict[str, Any]]:
    dcc = {"name": "DCC", "kind": "DCC", "mpids": [], "gas_codes": [], "user_ids": [DCC_USER_ID]}
    panel = {"name": "SEC Panel", "kind": "PANEL", "mpids": [], "gas_codes": [], "user_ids": []}
    csps = [_csp(csp) for csp in CSPS]
    return [dcc, *csps, panel]


def _csp(csp: Csp) -> dict[str, Any]:
    served = [REGIONS[code] for code in range(1, len(REGIONS) - 2) if CSPS[CSP_BY_REGION[code]] is csp]
    return {
        "name": csp.label,
        "kind": "CSP",
        "csp": csp.value,
        "regions": served,
        "mpids": [],
        "gas_codes": [],
        "user_ids": [],
    }


def _supplier(party: Supplier) -> dict[str, Any]:
    return {
        "name": party.name,
        "kind": "SUPPLIER",
        "mpids": list(party.mpids),
        "gas_codes": list(party.gas_codes),
        "user_ids": list(party.user_ids),
    }


def _region(code: int) -> dict[str, Any]:
    served = code < len(REGIONS) - 2
    return {"code": code, "name": REGIONS[code], "csp": CSPS[CSP_BY_REGION[code]].value if served else None}


def _device_model(model: ReferenceModel) -> dict[str, Any]:
    return {
        "manufacturer": model.manufacturer,
        "manufacturer_code": model.manufacturer_code,
        "model": model.model,
        "hardware_version": model.hardware_version,
        "band": model.band,
        "smets_generation": model.smets_generation,
        "regions": [REGIONS.index(name) for name in model.regions],
    }


def _cpl_entry(entry: ReferenceCplEntry) -> dict[str, Any]:
    model, is_removed = entry.device_model, bool(entry.firmware.removed_reason)
    return {
        "id": entry.id,
        "manufacturer": model.manufacturer,
        "manufacturer_code": model.manufacturer_code,
        "model": model.model,
        "hardware_version": model.hardware_version,
        "firmware_version": entry.firmware.version,
        "hash": entry.hash,
        "hash_covers": "MANUFACTURER_IMAGE",
        "file_sha256": entry.image.file_sha256,
        "file_size": len(entry.image.file),
        "status": "Withdrawn" if is_removed else "Active",
        "removed_on": REMOVED_ON if is_removed else None,
        "removed_reason": entry.firmware.removed_reason,
        "allowed_predecessors": list(entry.firmware.predecessors),
        "chts_version": "CHTS V1.4",
        "gbcs_version": "4.2",
    }
