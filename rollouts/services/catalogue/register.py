"""Who there is and what may run: organisations, hub models, the CPL, and images checked against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.conf import settings

from portal.events import journal
from portal.identity.models import MarketParticipant, Organisation, OrganisationKind, UserIdentifier
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.identity.tokens import issue_token
from portal.kernel.refusals import BadInput, Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import CplEntry, CspChannel, DeviceModel, FirmwareImage
from rollouts.reads.catalogue.entries import cpl_entry_values
from rollouts.rules import firmware, identifiers
from rollouts.services.catalogue.enter import locked_entry
from rollouts.states import CplStatus, Region

Document = Mapping[str, Any]

# How the CPL entry's own words name what its hash was taken over.
_COVERS: Final = {"MANUFACTURER_IMAGE": "IMAGE", "IMAGE": "IMAGE", "WHOLE_FILE": "WHOLE_FILE"}
_CHECKED_AS: Final = {
    "IMAGE": firmware.HashCovers.MANUFACTURER_IMAGE,
    "WHOLE_FILE": firmware.HashCovers.WHOLE_FILE,
}


class ImageRefused(Refusal):
    """The file is not the image the CPL entry describes; `facts` lists every difference."""

    code = "image_refused"
    status = 422

    def __init__(self, problems: Sequence[firmware.ImageProblem]) -> None:
        self.problems = [problem.message for problem in problems]
        facts = [{"code": problem.code, "message": problem.message} for problem in problems]
        super().__init__(" ".join(self.problems), facts={"problems": facts})


@dataclass(frozen=True, slots=True)
class CspAccess:
    """How the portal reaches the CSPs, and the secrets by which their systems show who they are."""

    base_url: str = ""
    token: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registered:
    """What reference data holds, by kind."""

    organisations: int
    device_models: int
    cpl_entries: int
    channels: int


@unit_of_work
def load_reference(document: Document, *, csps: CspAccess | None = None, now: datetime) -> Registered:
    """Record organisations with their codes, hub models, the CPL, and the channels to the CSPs.

    Run again it changes what has changed and doubles nothing. It runs at installation, before there is
    anybody to act: the journal names the DCC.

    Raises:
        BadInput: the document lacks a part, or a code, version or hash in it is malformed.
    """
    access = csps or CspAccess()
    try:
        by_csp = _put_organisations(document["organisations"], access=access, now=now)
        models = _put_models(document["device_models"])
        entries = _put_entries(document["cpl_entries"], models)
        channels = _put_channels(document["regions"], by_csp, access)
    except (KeyError, TypeError) as error:
        raise BadInput(f"The reference data is incomplete: {error}") from error
    done = Registered(len(document["organisations"]), len(models), entries, channels)
    dcc = Organisation.objects.filter(kind=OrganisationKind.DCC).order_by("id").first()
    if dcc is None:
        raise BadInput("The reference data names no DCC.")
    facts = {"device_models": done.device_models, "cpl_entries": done.cpl_entries}
    journal.record("reference.loaded", subject="reference", by=Scope.system(dcc.pk), at=now, facts=facts)
    return done


@unit_of_work
def upload_image(
    scope: Scope,
    *,
    cpl_entry_id: int,
    file_name: str,
    source: bytes | BinaryIO,
    expected: str | None = None,
    now: datetime,
) -> FirmwareImage:
    """Check a firmware image against its CPL entry and record that it passed; the last one counts.

    `expected` is the `version_of` the `cpl_entry_values` that were read.

    Raises:
        NotPermitted: not for a DCC operator.
        NotFound: there is no such CPL entry.
        EditConflict: the entry is not as `expected`.
        ImageRefused: the file differs; every difference is told at once.
    """
    scope.check(*MAY_OPERATE)
    entry = locked_entry(cpl_entry_id)
    check_version(expected, cpl_entry_values(entry))
    described = firmware.CplFacts(
        manufacturer_code=entry.device_model.manufacturer_code,
        firmware_version=entry.firmware_version,
        image_hash=bytes(entry.image_sha256).hex(),
        hash_covers=_CHECKED_AS[entry.hash_covers],
    )
    check = firmware.check_image(source, expected=described, largest=settings.LARGEST_IMAGE_OCTETS)
    if check.header is None or not check.is_good:
        raise ImageRefused(check.problems)
    header = {name: getattr(check.header, name) for name in check.header.__slots__}
    image, _ = FirmwareImage.objects.update_or_create(
        cpl_entry=entry,
        defaults={
            "file_name": file_name[:200],
            "size": check.size,
            "sha256": bytes.fromhex(check.file_hash),
            "header": header,
            "uploaded_at": now,
            "uploaded_by_id": scope.user_id,
        },
    )
    facts = {"file_name": image.file_name, "sha256": check.file_hash, "size": check.size}
    journal.record("image.uploaded", subject=f"cpl-entry:{entry.pk}", by=scope, at=now, facts=facts)
    return image


@inside_unit_of_work
def _put_organisations(
    parties: Sequence[Document], *, access: CspAccess, now: datetime
) -> dict[str, Organisation]:
    """Return the CSPs by the key under which regions name them."""
    by_csp = {}
    for party in parties:
        organisation, _ = Organisation.objects.update_or_create(
            name=party["name"], defaults={"kind": OrganisationKind(party["kind"])}
        )
        _put_codes(organisation, party)
        if key := party.get("csp"):
            by_csp[key] = organisation
            if secret := access.secrets.get(key):
                issue_token(organisation, name=f"{party['name']} alerts", now=now, secret=secret)
    return by_csp


def _put_codes(organisation: Organisation, party: Document) -> None:
    fuel = MarketParticipant.Fuel
    codes = [(fuel.ELECTRICITY, identifiers.normalise_market_participant(each)) for each in party["mpids"]]
    codes += [(fuel.GAS, identifiers.normalise_gas_code(each)) for each in party["gas_codes"]]
    for kind, code in codes:
        MarketParticipant.objects.update_or_create(
            fuel=kind, code=code, defaults={"organisation": organisation}
        )
    roles = _user_roles(organisation, party)
    for place, text in enumerate(party["user_ids"]):
        UserIdentifier.objects.update_or_create(
            eui64=identifiers.parse_user_id(text).db,
            defaults={"organisation": organisation, "user_role": roles[place % len(roles)]},
        )


def _user_roles(organisation: Organisation, party: Document) -> list[str]:
    if organisation.kind != OrganisationKind.SUPPLIER:
        return [""]
    roles = (["IS"] if party["mpids"] else []) + (["GS"] if party["gas_codes"] else [])
    return roles or ["OU"]


@inside_unit_of_work
def _put_models(models: Sequence[Document]) -> dict[tuple[str, str, str], DeviceModel]:
    known = {}
    for each in models:
        key = (each["manufacturer_code"], each["model"], each["hardware_version"])
        known[key], _ = DeviceModel.objects.update_or_create(
            manufacturer_code=key[0],
            model=key[1],
            hardware_version=key[2],
            defaults={
                "manufacturer": each["manufacturer"],
                "band": each["band"],
                "smets_generation": each["smets_generation"],
                "regions": each["regions"],
            },
        )
    return known


@inside_unit_of_work
def _put_entries(entries: Sequence[Document], models: Mapping[tuple[str, str, str], DeviceModel]) -> int:
    """Write the entries first and the paths between them after: a predecessor may stand further down."""
    written: dict[tuple[int, str], CplEntry] = {}
    paths: dict[tuple[int, str], list[str]] = {}
    for each in entries:
        model = models[each["manufacturer_code"], each["model"], each["hardware_version"]]
        version = firmware.normalise_version(each["firmware_version"])
        key = (model.pk, version)
        written[key], _ = CplEntry.objects.update_or_create(
            device_model=model,
            firmware_version=version,
            defaults={
                "firmware_version_raw": each["firmware_version"],
                "image_sha256": bytes.fromhex(firmware.normalise_hash(each["hash"])),
                "hash_covers": _COVERS[each["hash_covers"]],
                "chts_version": each.get("chts_version", ""),
                "gbcs_version": each.get("gbcs_version", ""),
                "status": CplStatus(each["status"].upper()),
                "removed_on": each.get("removed_on"),
                "removed_reason": each.get("removed_reason", ""),
            },
        )
        paths[key] = [firmware.normalise_version(text) for text in each["allowed_predecessors"]]
    for (model_id, version), predecessors in paths.items():
        entry = written[model_id, version]
        entry.allowed_predecessor_ids = [written[model_id, earlier].pk for earlier in predecessors]
        entry.save(update_fields=["allowed_predecessor_ids"])
    return len(written)


@inside_unit_of_work
def _put_channels(regions: Sequence[Document], by_csp: Mapping[str, Organisation], access: CspAccess) -> int:
    served = [each for each in regions if each["csp"]]
    for each in served:
        CspChannel.objects.update_or_create(
            region=Region(each["code"]),
            defaults={
                "csp": by_csp[each["csp"]],
                "base_url": access.base_url,
                "token": access.token,
            },
        )
    return len(served)
