"""Changing how fast and when hubs are commanded: of a rollout, of a way to a CSP, of a Supplier's own hubs.

Each change is a fact of the journal, with what was, what is, and who approved it: the history pages show.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound
from portal.kernel.transactions import unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import CspChannel, Rollout, SupplierHours
from rollouts.reads.dispatch.terms import channel_values, own_hours_values, pace_values
from rollouts.reads.rollouts.visibility import locked_rollout
from rollouts.rules.dispatch_terms import CHANNEL_FIELDS, PACE_FIELDS, check_channel, check_hours, check_pace
from rollouts.services.rollouts.step import StepRefused
from rollouts.states import ENDED_STATUSES


@unit_of_work
def set_pace(
    scope: Scope,
    *,
    rollout_id: int,
    approved_by: str,
    expected: str | None = None,
    now: datetime,
    **terms: Any,
) -> Rollout:
    """Change the lead, the hours or the ramp of a rollout; it holds for what is planned from then on.

    Terms by name are those of `PACE_FIELDS`; those not named stay. `approved_by` says who agreed, in words.
    `expected` is the `version_of` the `pace_values` they were made from.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such rollout.
        EditConflict: the terms are not as `expected`.
        StepRefused: the rollout has ended.
        BadInput: a term makes no sense, or nobody approved it.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    if rollout.status in ENDED_STATUSES:
        raise StepRefused("The rollout has ended: nothing more is sent.")
    before = pace_values(rollout)
    check_version(expected, before)
    after = _changed(before, terms, known=PACE_FIELDS)
    check_pace(after)
    _check_approved(approved_by)
    rollout.dispatch_settings = {
        **{name: each for name, each in rollout.dispatch_settings.items() if name not in PACE_FIELDS},
        **{name: each for name, each in after.items() if each is not None},
    }
    rollout.save(update_fields=["dispatch_settings"])
    _record("pace.changed", f"rollout:{rollout.pk}", scope, before, after, approved_by=approved_by, now=now)
    return rollout


@unit_of_work
def set_channel(
    scope: Scope,
    *,
    region: int,
    approved_by: str,
    expected: str | None = None,
    now: datetime,
    **terms: Any,
) -> CspChannel:
    """Change the capacity, the hours or the leads of the way to a region's CSP; it holds from then on.

    Terms by name are those of `CHANNEL_FIELDS`; those not named stay. `expected` is the `version_of` the
    `channel_values` they were made from.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no CSP serves the region.
        EditConflict: the terms are not as `expected`.
        BadInput: a term makes no sense, or nobody approved it.
    """
    scope.check(*MAY_OPERATE)
    channel = CspChannel.objects.select_for_update(no_key=True).filter(region=region).first()
    if channel is None:
        raise NotFound("No CSP serves this region.")
    before = channel_values(channel)
    check_version(expected, before)
    after = _changed(before, terms, known=CHANNEL_FIELDS)
    check_channel(after)
    _check_approved(approved_by)
    for name, each in after.items():
        setattr(channel, name, each)
    channel.save(update_fields=list(CHANNEL_FIELDS))
    _record("channel.changed", f"channel:{region}", scope, before, after, approved_by=approved_by, now=now)
    return channel


@unit_of_work
def set_own_hours(
    scope: Scope, *, hours: Mapping[str, Any] | None, expected: str | None = None, now: datetime
) -> None:
    """Keep narrower hours of activation for one's own hubs, in every rollout; none lets them go.

    They hold for what is planned from then on. Where they leave less than an hour of a rollout's night, that
    night counts whole.

    Raises:
        NotPermitted: not a Supplier, or somebody who may not instruct.
        EditConflict: the hours are not as `expected`, the `version_of` their `own_hours_values`.
        BadInput: the hours make no sense.
    """
    scope.check(*MAY_INSTRUCT)
    row = SupplierHours.objects.select_for_update(no_key=True).filter(pk=scope.organisation_id).first()
    before = own_hours_values(row)
    check_version(expected, before)
    check_hours(hours, name="activation hours")
    if hours is None:
        SupplierHours.objects.filter(pk=scope.organisation_id).delete()
    else:
        SupplierHours.objects.update_or_create(
            supplier_id=scope.organisation_id,
            defaults={"hours": dict(hours), "changed_at": now, "changed_by_id": scope.user_id},
        )
    after = {"activation_hours": None if hours is None else dict(hours)}
    _record("hours.kept", f"organisation:{scope.organisation_id}", scope, before, after, now=now)


def _changed(
    before: Mapping[str, Any], terms: Mapping[str, Any], *, known: tuple[str, ...]
) -> dict[str, Any]:
    if unknown := terms.keys() - set(known):
        raise BadInput(f"There is no term {', '.join(sorted(unknown))}.")
    return {**before, **terms}


def _check_approved(approved_by: str) -> None:
    if not approved_by.strip():
        raise BadInput("Say who approved the change.")


def _record(
    name: str,
    subject: str,
    scope: Scope,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    approved_by: str = "",
    now: datetime,
) -> None:
    changed = [key for key in after if before.get(key) != after[key]]
    facts: dict[str, object] = {
        "from": {key: before.get(key) for key in changed},
        "to": {key: after[key] for key in changed},
    }
    if approved_by:
        facts["approved_by"] = approved_by.strip()
    journal.record(name, subject=subject, by=scope, at=now, facts=facts)
