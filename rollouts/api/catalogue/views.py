"""The catalogue: device models and the Central Products List, read by all and kept by the DCC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.kernel.refusals import NotFound
from portal.rest.fields import EnumField, IdField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.parsers import RawParser
from portal.rest.schemas import AllowedNames, Count, Example, list_of, schema_reference
from portal.rest.views import ResourceView
from rollouts import services
from rollouts.api.enums import Id, Version
from rollouts.queries.catalogue.catalogue import (
    CheckedImage,
    CplEntryRow,
    ModelRow,
    cpl_entries,
    device_models,
)
from rollouts.states import CplStatus, Region

OCTETS: Final = "application/octet-stream"
_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class DeviceModelRowSchema(TypedDict):
    """A kind of Communications Hub."""

    id: Id
    manufacturer: Annotated[str, Example("Toshiba")]
    model: Annotated[str, Example("433100AC")]
    hardware_version: Annotated[str, Example("00AC")]
    band: Annotated[str, Example("SINGLE")]
    smets_generation: Annotated[int, Example(2)]
    regions: Annotated[list[str], AllowedNames(Region)]


class ImageRowSchema(TypedDict):
    """The image that passed every check against its entry."""

    file_name: Annotated[str, Example("hub-0C230000.img")]
    size: Count
    sha256: Annotated[str, Example(_HASH)]
    uploaded_at: datetime


class CplRowSchema(TypedDict):
    """An entry of the Central Products List."""

    id: Id
    device_model_id: Id
    manufacturer: Annotated[str, Example("Toshiba")]
    model: Annotated[str, Example("433100AC")]
    firmware_version: Version
    as_printed: Annotated[str, Example("0C230000")]
    image_sha256: Annotated[str, Example(_HASH)]
    hash_covers: Annotated[str, Example("WHOLE_FILE")]
    chts_version: str
    gbcs_version: str
    status: Annotated[str, AllowedNames(CplStatus)]
    added_on: date | None
    removed_on: date | None
    removed_reason: str
    predecessors: Annotated[list[str], Example(["0C220000"]), "Versions it may be reached from."]
    image: Annotated[ImageRowSchema | None, "For the DCC alone."]


class CplChangedSchema(TypedDict):
    """What the new status of an entry led to."""

    id: Id
    status: Annotated[str, AllowedNames(CplStatus)]
    suspended: Annotated[list[int], "Rollouts that were suspended by it.", Example([17])]


class CplQuery(StrictSerializer):
    """Which entries."""

    device_model_id = IdField(required=False)
    status = EnumField(CplStatus, required=False)


class CplStatusInputSerializer(StrictSerializer):
    """An entry's new status and the reason."""

    status = EnumField(CplStatus)
    reason = serializers.CharField(max_length=200)


class FileNameQuery(StrictSerializer):
    """The name of the file."""

    file_name = serializers.CharField(max_length=200)


class ImageParser(RawParser):
    """`application/octet-stream`: a firmware image as it is."""

    media_type = OCTETS


class DeviceModelListView(ResourceView):
    """Device models."""

    tag = "Catalogue"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation("listDeviceModels", "List device models", returns=list_of(DeviceModelRowSchema))
    def get(self, request: Request) -> Response:
        """List the kinds of hubs there are."""
        return Response({"items": [_model(each) for each in device_models(self.scope)]})


class CplEntryListView(ResourceView):
    """The Central Products List."""

    tag = "Catalogue"
    needs = ApiScope.ROLLOUTS_READ
    polled = True

    @operation(
        "listCplEntries", "List the Central Products List", query=[CplQuery], returns=list_of(CplRowSchema)
    )
    def get(self, request: Request) -> Response:
        """List firmware by model and version, with the versions each may be reached from."""
        query = self.validated_query(CplQuery)
        entries = cpl_entries(
            self.scope, device_model_id=query.get("device_model_id"), status=query.get("status")
        )
        return Response({"items": [_entry(each) for each in entries]})


class CplStatusView(ResourceView):
    """The status of an entry."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"PUT": ApiScope.ROLLOUTS_WRITE}

    @operation(
        "changeCplStatus",
        "Change the status of an entry",
        body=CplStatusInputSerializer,
        example={"status": "WITHDRAWN", "reason": "Withdrawn by its manufacturer."},
        returns=schema_reference(CplChangedSchema),
        refuses=("bad_input",),
    )
    def put(self, request: Request, cpl_entry_id: int) -> Response:
        """Change an entry's status; rollouts of a firmware that is no longer active are suspended."""
        body = self.validated_body(CplStatusInputSerializer)
        done = services.change_cpl_status(self.scope, cpl_entry_id=cpl_entry_id, now=clock.now(), **body)
        changed: CplChangedSchema = {"id": cpl_entry_id, "status": body["status"].value, "suspended": done}
        return Response(changed)


class CplImageView(ResourceView):
    """The image of an entry."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"PUT": ApiScope.ROLLOUTS_WRITE}
    parser_classes = (ImageParser,)

    @operation(
        "uploadImage",
        "Upload an image",
        query=[FileNameQuery],
        body={OCTETS: {"type": "string", "format": "binary", "description": "The image."}},
        returns=schema_reference(CplRowSchema),
        refuses=("image_refused",),
    )
    def put(self, request: Request, cpl_entry_id: int) -> Response:
        """Upload an image; checked against its entry (manufacturer, version, hash); the latest counts."""
        body: Any = request.data
        services.upload_image(
            self.scope,
            cpl_entry_id=cpl_entry_id,
            file_name=self.validated_query(FileNameQuery)["file_name"],
            source=body if isinstance(body, bytes) else b"",
            now=clock.now(),
        )
        entry = next((each for each in cpl_entries(self.scope) if each.id == cpl_entry_id), None)
        if entry is None:
            raise NotFound("There is no such entry of the Central Products List.")
        return Response(_entry(entry))


def _model(model: ModelRow) -> DeviceModelRowSchema:
    return {
        "id": model.id,
        "manufacturer": model.manufacturer,
        "model": model.model,
        "hardware_version": model.hardware_version,
        "band": model.band,
        "smets_generation": model.smets_generation,
        "regions": [region.name for region in model.regions],
    }


def _entry(entry: CplEntryRow) -> CplRowSchema:
    return {
        "id": entry.id,
        "device_model_id": entry.device_model_id,
        "manufacturer": entry.manufacturer,
        "model": entry.model,
        "firmware_version": entry.firmware_version,
        "as_printed": entry.as_printed,
        "image_sha256": entry.image_sha256,
        "hash_covers": entry.hash_covers,
        "chts_version": entry.chts_version,
        "gbcs_version": entry.gbcs_version,
        "status": entry.status.value,
        "added_on": entry.added_on,
        "removed_on": entry.removed_on,
        "removed_reason": entry.removed_reason,
        "predecessors": list(entry.predecessors),
        "image": None if entry.image is None else _image(entry.image),
    }


def _image(image: CheckedImage) -> ImageRowSchema:
    return {
        "file_name": image.file_name,
        "size": image.size,
        "sha256": image.sha256,
        "uploaded_at": image.uploaded_at,
    }
