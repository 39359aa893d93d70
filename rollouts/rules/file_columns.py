"""The columns of the files that the DCC keeps and sends, by kind of file."""

from __future__ import annotations

from typing import Final

from portal.kernel.guid import is_guid_heading
from portal.kernel.spreadsheets.headings import FileColumns
from rollouts.states.inventory import FileKind

#: How a tab between columns is kept: no text that is kept holds a control character.
TAB: Final = "t"
_EFFECTIVE: Final = ("effective_on", "effective_date", "effective_at", "date")

INVENTORY: Final = FileColumns(
    columns={
        "guid": (),
        "gpf_guid": ("gpf_id", "gas_proxy_function_id"),
        "manufacturer": ("device_manufacturer",),
        "model": ("device_model", "model_id"),
        "hardware_version": (),
        "firmware_version": ("device_firmware_version",),
        "gpf_firmware_version": (),
        "region": ("csp_region",),
        "smi_status": ("device_status", "status"),
        "gpf_status": (),
        "import_mpid": (),
        "gas_code": (),
        "commissioned_on": ("commissioned", "date_commissioned"),
        "installed_on": ("installed", "date_installed"),
        "han_devices": (),
        "postcode_area": (),
    },
    needed=frozenset({"guid", "model", "firmware_version", "region", "smi_status"}),
    known={"guid": is_guid_heading},
)

COLUMNS_OF: Final = {
    FileKind.LOAD: INVENTORY,
    FileKind.SUPPLIER_CHANGE: FileColumns(
        columns={
            "guid": ("hub", "chf_id"),
            "role": (),
            "code": ("new_code", "mpid", "new_mpid", "gas_code", "new_gas_code", "new_mpid/gas_code"),
            "effective": _EFFECTIVE,
        },
        needed=frozenset({"guid", "role", "code"}),
        known={"guid": is_guid_heading},
    ),
    FileKind.STATUS_CHANGE: FileColumns(
        columns={
            "guid": ("hub", "chf_id"),
            "status": ("smi_status",),
            "gpf_status": (),
            "effective": _EFFECTIVE,
            "replaced_by": ("replacement",),
        },
        needed=frozenset({"guid", "status"}),
        known={"guid": is_guid_heading},
    ),
    FileKind.CPL: FileColumns(
        columns={
            "entry_id": ("cpl_entry_id", "entry_number", "reference", "cpl_reference"),
            "device_type": ("type", "device"),
            "manufacturer": ("device_manufacturer", "manufacturer_name"),
            "model": ("device_model", "model_id", "model_identifier"),
            "hardware_version": ("hardware", "hw_version", "hardware_revision"),
            "firmware_version": ("device_firmware_version", "firmware", "fw_version"),
            "hash": ("manufacturer_image_hash", "image_hash", "firmware_hash", "sha256", "sha_256"),
            "hash_covers": (),
            "chts_version": ("smets_chts_version", "chts"),
            "gbcs_version": ("gbcs",),
            "status": ("cpl_status", "current_removed"),
            "added_on": ("date_added", "added", "effective_date"),
            "removed_on": ("date_removed", "removed"),
            "removed_reason": ("reason_removed", "reason_for_removal"),
            "allowed_predecessors": (
                "upgrade_path",
                "predecessors",
                "upgrade_from",
                "allowed_predecessor_entries",
            ),
        },
        needed=frozenset({"model", "firmware_version", "hash"}),
    ),
}
