"""The catalogue: hub models and the Central Products List, read by all and kept by the DCC."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.fields import EnumField, IdField, StrictSerializer
from portal.rest.operations import operation
from portal.rest.parsers import RawParser
from portal.rest.schemas import list_of, schema_reference
from portal.rest.views import ResourceView, versioned_response
from rollouts import services
from rollouts.api.catalogue import schemas
from rollouts.models import DeviceModel
from rollouts.queries.catalogue.catalogue import cpl_entries, cpl_entry, device_models, status_effects
from rollouts.services import EntryFacts
from rollouts.states import CplStatus, Region

OCTETS: Final = "application/octet-stream"


class CplQuery(StrictSerializer):
    """Which entries."""

    device_model_id = IdField(required=False)
    status = EnumField(CplStatus, required=False)


class DeviceModelInputSerializer(StrictSerializer):
    """A kind of hub."""

    manufacturer = serializers.CharField(max_length=30)
    manufacturer_code = serializers.CharField(max_length=4)
    model = serializers.CharField(max_length=8)
    hardware_version = serializers.CharField(max_length=8)
    band = EnumField(DeviceModel.Band)
    smets_generation = serializers.ChoiceField(choices=[1, 2], default=2)
    regions = serializers.ListField(child=EnumField(Region), default=list, max_length=20)


class EntryFactsInputSerializer(StrictSerializer):
    """What an entry says of its firmware. `predecessors` are entries of the same model: the upgrade path."""

    image_sha256 = serializers.CharField(max_length=200)
    hash_covers = serializers.ChoiceField(choices=["WHOLE_FILE", "IMAGE"], default="WHOLE_FILE")
    reference = serializers.CharField(max_length=40, allow_blank=True, default="")
    chts_version = serializers.CharField(max_length=20, allow_blank=True, default="")
    gbcs_version = serializers.CharField(max_length=8, allow_blank=True, default="")
    added_on = serializers.DateField(allow_null=True, default=None)
    predecessors = serializers.ListField(child=IdField(), default=list, max_length=1_000)


class CplEntryInputSerializer(EntryFactsInputSerializer):
    """A new entry."""

    device_model_id = IdField()
    firmware_version = serializers.CharField(max_length=32)


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
    """Hub models."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation("listDeviceModels", "List hub models", returns=list_of(schemas.DeviceModelRowSchema))
    def get(self, request: Request) -> Response:
        """List the kinds of hubs there are."""
        return Response({"items": [schemas.device_model(each) for each in device_models(self.scope)]})

    @operation(
        "addDeviceModel",
        "Add a hub model",
        status=201,
        body=DeviceModelInputSerializer,
        example={
            "manufacturer": "Toshiba",
            "manufacturer_code": "106C",
            "model": "433100AC",
            "hardware_version": "00AC",
            "band": "SINGLE",
            "regions": ["NORTH"],
        },
        returns=schema_reference(schemas.DeviceModelRowSchema),
        refuses=("bad_input", "already_listed"),
    )
    def post(self, request: Request) -> Response:
        """Add a kind of hub, so that the list can have firmware for it; for the DCC."""
        body = self.validated_body(DeviceModelInputSerializer)
        added = services.add_device_model(self.scope, now=clock.now(), **{**body, "band": str(body["band"])})
        model = next(each for each in device_models(self.scope) if each.id == added.pk)
        return Response(schemas.device_model(model), status=201)


class CplEntryListView(ResourceView):
    """The Central Products List."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "POST": ApiScope.ROLLOUTS_WRITE}
    polled = True

    @operation(
        "listCplEntries",
        "List the Central Products List",
        query=[CplQuery],
        returns=list_of(schemas.CplRowSchema),
    )
    def get(self, request: Request) -> Response:
        """List firmware by model and version, with the versions each may be reached from."""
        query = self.validated_query(CplQuery)
        entries = cpl_entries(
            self.scope, device_model_id=query.get("device_model_id"), status=query.get("status")
        )
        return Response({"items": [schemas.cpl_entry(each) for each in entries]})

    @operation(
        "addCplEntry",
        "Add an entry",
        status=201,
        body=CplEntryInputSerializer,
        example={
            "device_model_id": 3,
            "firmware_version": "0C240000",
            "image_sha256": schemas.HASH_EXAMPLE,
            "predecessors": [17],
        },
        returns=schema_reference(schemas.CplRowSchema),
        refuses=("bad_input", "bad_firmware_version", "bad_firmware_hash", "already_listed", "not_found"),
    )
    def post(self, request: Request) -> Response:
        """Add an Active entry with its upgrade path; for the DCC."""
        body = self.validated_body(CplEntryInputSerializer)
        of_model = {name: body.pop(name) for name in ("device_model_id", "firmware_version")}
        added = services.add_cpl_entry(self.scope, facts=EntryFacts(**body), now=clock.now(), **of_model)
        location = reverse("api:cpl-entry", args=[added.pk])
        return Response(
            schemas.cpl_entry(cpl_entry(self.scope, added.pk)), status=201, headers={"Location": location}
        )


class CplEntryDetailView(ResourceView):
    """One entry."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PATCH": ApiScope.ROLLOUTS_WRITE}
    versioned = True

    @operation("getCplEntry", "Read an entry", returns=schema_reference(schemas.CplRowSchema))
    def get(self, request: Request, cpl_entry_id: int) -> Response:
        """Read an entry. Its `ETag` is for `If-Match` of a change of the entry, its status or its image."""
        entry = cpl_entry(self.scope, cpl_entry_id)
        return versioned_response(schemas.cpl_entry(entry), entry.version)

    @operation(
        "changeCplEntry",
        "Change an entry",
        body=EntryFactsInputSerializer,
        example={"predecessors": [16, 17]},
        returns=schema_reference(schemas.CplRowSchema),
        refuses=("bad_input", "bad_firmware_hash", "already_listed"),
    )
    def patch(self, request: Request, cpl_entry_id: int) -> Response:
        """Change what is named of an entry; a new upgrade path changes at once which hubs are eligible."""
        body = self.validated_body(EntryFactsInputSerializer, is_partial=True)
        entry = cpl_entry(self.scope, cpl_entry_id)
        names = EntryFacts.__dataclass_fields__.keys() - {"predecessors"}
        now_there = {name: getattr(entry, name) for name in names}
        facts = EntryFacts(**{**now_there, "predecessors": entry.predecessor_ids, **body})
        services.change_cpl_entry(
            self.scope,
            cpl_entry_id=cpl_entry_id,
            facts=facts,
            # What is not named is as it was read here: nobody's change of it is undone.
            expected=self.expected_version or entry.version,
            now=clock.now(),
        )
        changed = cpl_entry(self.scope, cpl_entry_id)
        return versioned_response(schemas.cpl_entry(changed), changed.version)


class CplStatusView(ResourceView):
    """The status of an entry."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PUT": ApiScope.ROLLOUTS_WRITE}
    versioned = True

    @operation(
        "previewCplStatus",
        "See what leaving the list would do",
        returns=schema_reference(schemas.StatusEffectsSchema),
    )
    def get(self, request: Request, cpl_entry_id: int) -> Response:
        """Count the rollouts and hubs an entry's leaving the list would touch now; for the DCC."""
        effects = status_effects(self.scope, cpl_entry_id, now=clock.now())
        entry = cpl_entry(self.scope, cpl_entry_id)
        return versioned_response(schemas.status_effects(effects), entry.version)

    @operation(
        "changeCplStatus",
        "Change the status of an entry",
        body=CplStatusInputSerializer,
        example={"status": "WITHDRAWN", "reason": "Withdrawn by its manufacturer."},
        returns=schema_reference(schemas.CplChangedSchema),
        refuses=("bad_input",),
    )
    def put(self, request: Request, cpl_entry_id: int) -> Response:
        """Change an entry's status; rollouts of a firmware that is no longer active are suspended."""
        body = self.validated_body(CplStatusInputSerializer)
        done = services.change_cpl_status(
            self.scope, cpl_entry_id=cpl_entry_id, expected=self.expected_version, now=clock.now(), **body
        )
        changed: schemas.CplChangedSchema = {
            "id": cpl_entry_id,
            "status": body["status"].value,
            "suspended": done,
        }
        return versioned_response(changed, cpl_entry(self.scope, cpl_entry_id).version)


class CplImageView(ResourceView):
    """The image of an entry."""

    tag = "Catalogue"
    needs: ClassVar[Any] = {"PUT": ApiScope.ROLLOUTS_WRITE}
    parser_classes = (ImageParser,)
    versioned = True

    @operation(
        "uploadImage",
        "Upload an image",
        query=[FileNameQuery],
        body={OCTETS: {"type": "string", "format": "binary", "description": "The image."}},
        returns=schema_reference(schemas.CplRowSchema),
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
            expected=self.expected_version,
            now=clock.now(),
        )
        entry = cpl_entry(self.scope, cpl_entry_id)
        return versioned_response(schemas.cpl_entry(entry), entry.version)
