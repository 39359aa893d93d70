"""By which terms hubs are commanded: of a rollout, of a way to a CSP, of a Supplier's own hubs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypedDict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.identity.api_scopes import ApiScope
from portal.kernel import clock
from portal.rest.fields import StrictSerializer
from portal.rest.operations import operation
from portal.rest.schemas import AllowedNames, Example, schema_reference
from portal.rest.views import ResourceView, versioned_response
from rollouts import services
from rollouts.api.rollouts.operation_schemas import DistributionForecastSchema, distribution_forecast
from rollouts.queries.dispatch.terms import (
    ChannelTerms,
    OwnHoursTerms,
    PaceTerms,
    TermsChange,
    channel_terms,
    forecast_with,
    own_hours_terms,
    pace_terms,
)
from rollouts.rules.criteria.timing import DAYS
from rollouts.rules.dispatch_terms import LONGEST_DISTRIBUTION, MOST_A_SECOND, MOST_HUBS, STEEPEST
from rollouts.states import Region

_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_HOURS: Final = {"from": "22:00", "to": "06:00"}


class HoursSerializer(StrictSerializer):
    """Hours of a night, in local time."""

    to = serializers.RegexField(_TIME)
    days = serializers.ListField(
        child=serializers.ChoiceField(choices=DAYS), required=False, min_length=1, max_length=len(DAYS)
    )

    def get_fields(self) -> Any:
        """Name the first time `from`, which Python keeps for itself."""
        return {"from": serializers.RegexField(_TIME), **super().get_fields()}


class RampSerializer(StrictSerializer):
    """How many hubs begin in an hour."""

    per_hour = serializers.IntegerField(min_value=1, max_value=MOST_HUBS)
    factor = serializers.FloatField(required=False, min_value=1, max_value=STEEPEST)


class PaceInputSerializer(StrictSerializer):
    """The terms of a rollout; null is that of the channels, the default, or no limit."""

    lead_hours = serializers.FloatField(required=False, allow_null=True, min_value=0.01, max_value=720)
    distribution_hours = HoursSerializer(required=False, allow_null=True)
    activation_hours = HoursSerializer(required=False, allow_null=True)
    ramp = RampSerializer(required=False, allow_null=True)
    approved_by = serializers.CharField(max_length=120, help_text="Who agreed to this.")


class ChannelTrialSerializer(StrictSerializer):
    """The terms of the way to a region's CSP."""

    capacity_per_second = serializers.FloatField(required=False, min_value=0.001, max_value=MOST_A_SECOND)
    capacity_per_night = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_HUBS
    )
    distribution_hours = HoursSerializer(required=False, allow_null=True)
    lead_hours = serializers.FloatField(required=False, min_value=0.01, max_value=720)
    distribution_days = serializers.FloatField(required=False, min_value=0, max_value=LONGEST_DISTRIBUTION)


class ChannelInputSerializer(ChannelTrialSerializer):
    """The terms of the way to a region's CSP, and who approved them."""

    approved_by = serializers.CharField(max_length=120, help_text="Who agreed to this.")


class OwnHoursInputSerializer(StrictSerializer):
    """The hours a Supplier keeps; null for those of each rollout."""

    activation_hours = HoursSerializer(allow_null=True)


Hours = Annotated[dict[str, Any] | None, Example(_HOURS), "Local time; null where none are set."]


class TermsChangeSchema(TypedDict):
    """One change: by whom, approved by whom, from what to what."""

    at: datetime
    actor: Annotated[str, Example("Robin Hale")]
    approved_by: Annotated[str, Example("Operations Group, 3 March")]
    before: Annotated[dict[str, Any], Example({"activation_hours": None})]
    after: Annotated[dict[str, Any], Example({"activation_hours": _HOURS})]


class PaceTermsSchema(TypedDict):
    """How fast and when the hubs of a rollout are commanded."""

    rollout_id: Annotated[int, Example(17)]
    lead_hours: Annotated[float | None, "Null: that of each channel."]
    distribution_hours: Hours
    activation_hours: Hours
    ramp: Annotated[dict[str, float] | None, Example({"per_hour": 1000, "factor": 2.0})]
    history: list[TermsChangeSchema]


class ChannelTermsSchema(TypedDict):
    """What the way to a region's CSP takes."""

    region: Annotated[str, AllowedNames(Region)]
    csp: Annotated[str, Example("CSP North")]
    capacity_per_second: Annotated[float, Example(40.0)]
    capacity_per_night: Annotated[int | None, Example(250_000)]
    distribution_hours: Hours
    lead_hours: Annotated[float, Example(48.0)]
    distribution_days: Annotated[float, Example(5.0)]
    history: list[TermsChangeSchema]


class OwnHoursSchema(TypedDict):
    """The hours of activation you keep for your own hubs."""

    activation_hours: Hours
    history: list[TermsChangeSchema]


class PaceView(ResourceView):
    """How fast and when the hubs of a rollout are commanded."""

    tag = "Operations"
    needs: ClassVar[Any] = {"GET": ApiScope.ROLLOUTS_READ, "PATCH": ApiScope.ROLLOUTS_WRITE}
    versioned = True

    @operation("getPace", "Read hours, ramp and lead", returns=schema_reference(PaceTermsSchema))
    def get(self, request: Request, rollout_id: int) -> Response:
        """Read the hours, the ramp and the lead of a rollout, and who changed them; for the DCC."""
        return _pace(pace_terms(self.scope, rollout_id=rollout_id))

    @operation(
        "setPace",
        "Change hours, ramp and lead",
        body=PaceInputSerializer,
        example={"activation_hours": _HOURS, "approved_by": "Operations Group, 3 March"},
        returns=schema_reference(PaceTermsSchema),
        refuses=("step_refused", "bad_input"),
    )
    def patch(self, request: Request, rollout_id: int) -> Response:
        """Change some of them; it holds for what is planned from now on."""
        body = self.validated_body(PaceInputSerializer, is_partial=False)
        services.set_pace(
            self.scope,
            rollout_id=rollout_id,
            expected=self.expected_version,
            now=clock.now(),
            **_plain(body),
        )
        return _pace(pace_terms(self.scope, rollout_id=rollout_id))


class ChannelTermsView(ResourceView):
    """What the way to a region's CSP takes."""

    tag = "Operations"
    needs: ClassVar[Any] = {"GET": ApiScope.CHANNELS_READ, "PATCH": ApiScope.CHANNELS_WRITE}
    versioned = True

    @operation("getChannelTerms", "Read what a channel takes", returns=schema_reference(ChannelTermsSchema))
    def get(self, request: Request, region: int) -> Response:
        """Read capacity, hours and leads of the way to a region's CSP, and who changed them; for the DCC."""
        return _channel(channel_terms(self.scope, region=region))

    @operation(
        "setChannelTerms",
        "Change what a channel takes",
        body=ChannelInputSerializer,
        example={"capacity_per_night": 250_000, "approved_by": "CSP North, 3 March"},
        returns=schema_reference(ChannelTermsSchema),
        refuses=("bad_input",),
    )
    def patch(self, request: Request, region: int) -> Response:
        """Change some of them, as agreed with the CSP; it holds from now on."""
        body = self.validated_body(ChannelInputSerializer, is_partial=False)
        services.set_channel(
            self.scope, region=region, expected=self.expected_version, now=clock.now(), **_plain(body)
        )
        return _channel(channel_terms(self.scope, region=region))


class ChannelForecastView(ResourceView):
    """What other terms of a channel would come to."""

    tag = "Operations"
    needs = ApiScope.CHANNELS_READ

    @operation(
        "forecastChannel",
        "Foretell distribution by other terms",
        body=ChannelTrialSerializer,
        example={"capacity_per_night": 250_000},
        returns=schema_reference(DistributionForecastSchema),
        refuses=("bad_input",),
    )
    def post(self, request: Request, region: int) -> Response:
        """Say when a region's images would be through if its channel took this; nothing is kept."""
        terms = {
            **channel_terms(self.scope, region=region).values,
            **_plain(self.validated_body(ChannelTrialSerializer)),
        }
        forecast = forecast_with(self.scope, region=region, values=terms, now=clock.now())
        return Response(distribution_forecast(forecast))


class OwnHoursView(ResourceView):
    """The hours of activation you keep for your own hubs."""

    tag = "Instructions"
    needs: ClassVar[Any] = {"GET": ApiScope.INSTRUCTIONS_READ, "PUT": ApiScope.INSTRUCTIONS_WRITE}
    versioned = True

    @operation("getOwnHours", "Read your activation hours", returns=schema_reference(OwnHoursSchema))
    def get(self, request: Request) -> Response:
        """Read the hours you keep for your own hubs, and who changed them; null means each rollout's."""
        return _own(own_hours_terms(self.scope))

    @operation(
        "setOwnHours",
        "Keep activation hours of your own",
        body=OwnHoursInputSerializer,
        example={"activation_hours": {"from": "01:00", "to": "05:00"}},
        returns=schema_reference(OwnHoursSchema),
        refuses=("bad_input",),
    )
    def put(self, request: Request) -> Response:
        """Narrow the hours of every rollout for your own hubs; a time you instruct is kept as it stands."""
        body = self.validated_body(OwnHoursInputSerializer)
        services.set_own_hours(
            self.scope,
            hours=_plain(body)["activation_hours"],
            expected=self.expected_version,
            now=clock.now(),
        )
        return _own(own_hours_terms(self.scope))


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: dict(each) if isinstance(each, Mapping) else each for name, each in body.items()}


def _pace(terms: PaceTerms) -> Response:
    document = {"rollout_id": terms.rollout_id, **terms.values, "history": _history(terms.history)}
    return versioned_response(document, terms.version)


def _channel(terms: ChannelTerms) -> Response:
    document = {
        "region": terms.region.name,
        "csp": terms.csp_name,
        **terms.values,
        "history": _history(terms.history),
    }
    return versioned_response(document, terms.version)


def _own(terms: OwnHoursTerms) -> Response:
    return versioned_response({**terms.values, "history": _history(terms.history)}, terms.version)


def _history(history: Sequence[TermsChange]) -> list[TermsChangeSchema]:
    return [
        {
            "at": change.at,
            "actor": change.actor,
            "approved_by": change.approved_by,
            "before": dict(change.before),
            "after": dict(change.after),
        }
        for change in history
    ]
