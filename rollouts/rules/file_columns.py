"""The columns of the files that the DCC keeps and sends, by kind of file."""

from __future__ import annotations

from typing import Final

from portal.kernel.guid import is_guid_heading
from portal.kernel.spreadsheets.headings import FileColumns
from rollouts.states.inventory import FileKind

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
}
