"""What tests of the inventory share: lines and files as its source writes them."""

from __future__ import annotations

from rollouts.models import EstateImportLine, EstateTally

HEADING = (
    "guid,gpf_guid,manufacturer,model,hardware_version,firmware_version,gpf_firmware_version,region,smi_status,"
    "gpf_status,import_mpid,gas_code,commissioned_on,installed_on,han_devices,postcode_area"
)
GOOD = {
    "guid": "00-DB-12-34-FF-00-00-01",
    "gpf_guid": "00-DB-12-CC-FF-00-00-01",
    "manufacturer": "Toshiba",
    "model": "433100AC",
    "hardware_version": "00AC",
    "firmware_version": "0C220000",
    "gpf_firmware_version": "0C220000",
    "region": "Central",
    "smi_status": "Commissioned",
    "gpf_status": "Commissioned",
    "import_mpid": "BRIG",
    "gas_code": "FER",
    "commissioned_on": "2023-05-10",
    "installed_on": "2023-05-08",
    "han_devices": "3",
    "postcode_area": "DE",
}


def line(**changes):
    return ",".join({**GOOD, **changes}.values())


def numbered(n, **changes):
    return line(guid=f"00-DB-12-34-FF-00-00-{n:02X}", gpf_guid=f"00-DB-12-CC-FF-00-00-{n:02X}", **changes)


def file_of(*lines):
    return "\n".join([HEADING, *lines, ""]).encode()


def reasons(report):
    records = EstateImportLine.objects.filter(estate_import_id=report.id).order_by("line_no")
    return [(each.line_no, each.reason) for each in records]


def tallied():
    return sum(EstateTally.objects.values_list("n", flat=True))
