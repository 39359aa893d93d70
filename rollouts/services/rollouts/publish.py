"""Publishing a rollout: draft, revise, notify; and Release Notes, every revision of them (R1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from celery import current_app

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.roles import MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.refusals import BadInput, Refusal
from portal.kernel.transactions import inside_unit_of_work, run_after_commit, unit_of_work
from portal.kernel.versions import check_version
from rollouts import rules
from rollouts.models import DEFAULT_PILOT_CAP, Batch, CplEntry, ReleaseNote, Rollout
from rollouts.reads.catalogue.eligibility import eligibility_params, take_turn
from rollouts.reads.rollouts.drafts import draft_values
from rollouts.reads.rollouts.notices import notice_facts
from rollouts.reads.rollouts.shares import numbers_by_party, shares_of
from rollouts.reads.rollouts.visibility import locked_rollout, visible_rollout
from rollouts.services.rollouts.step import StepRefused, step_taken
from rollouts.states import (
    ENDED_STATUSES,
    BatchKind,
    ConsentPolicy,
    CplStatus,
    Priority,
    ReleaseKind,
    RolloutStatus,
    Severity,
)

SMETS2: Final = 2
REFRESH_TASK: Final = "rollouts.tasks.refresh_eligibility"
PILOT_POSITION: Final = 0
SAFE_LAUNCH_POSITION: Final = 1

_CHOICES: Final = {
    "kind": ReleaseKind,
    "severity": Severity,
    "priority": Priority,
    "consent_policy": ConsentPolicy,
}


class CannotPublish(Refusal):
    """The draft is not fit to be published; `code` says in what."""

    code = "cannot_publish"


@dataclass(frozen=True, slots=True)
class PublishedNotice:
    """A notice as it was published."""

    rollout_id: int
    hubs: int
    suppliers: int
    has_window: bool


@unit_of_work
def draft_rollout(
    scope: Scope,
    *,
    name: str,
    cpl_entry_id: int,
    kind: str,
    severity: str,
    priority: str,
    automatic_at: datetime,
    release_note_url: str = "",
    consent_policy: str = ConsentPolicy.VOLUNTARY,
    has_pilot: bool = True,
    pilot_cap: int = DEFAULT_PILOT_CAP,
    is_all_at_once: bool = False,
    pilot_starts_at: datetime | None = None,
    pilot_ends_at: datetime | None = None,
    description: str = "",
    unreachable_until: datetime | None = None,
    dispatch_settings: Mapping[str, Any] | None = None,
    now: datetime,
) -> Rollout:
    """Record a rollout to be published; only the DCC sees it until then.

    Raises:
        NotPermitted: not for a DCC operator.
        BadInput: a field makes no sense by itself.
        RuleBroken: the automatic time is more than six months ahead, or not ahead; so are the pilot's dates.
    """
    scope.check(*MAY_OPERATE)
    rollout = Rollout(
        name=name,
        cpl_entry_id=cpl_entry_id,
        kind=kind,
        severity=severity,
        priority=priority,
        description=description,
        automatic_at=automatic_at,
        consent_policy=consent_policy,
        has_pilot=has_pilot,
        pilot_cap=pilot_cap,
        is_all_at_once=is_all_at_once,
        pilot_starts_at=pilot_starts_at,
        pilot_ends_at=pilot_ends_at,
        unreachable_until=unreachable_until,
        dispatch_settings=dict(dispatch_settings or {}),
        created_at=now,
        created_by_id=scope.user_id,
        status_at=now,
    )
    _check_draft(rollout, now=now)
    rollout.save(force_insert=True)
    _put_note(rollout, release_note_url, by=scope, now=now)
    _record(scope, rollout, "rollout.drafted", now=now)
    return rollout


REVISABLE: Final = frozenset(
    {
        "name",
        "cpl_entry_id",
        "kind",
        "severity",
        "priority",
        "description",
        "automatic_at",
        "consent_policy",
        "has_pilot",
        "pilot_cap",
        "is_all_at_once",
        "pilot_starts_at",
        "pilot_ends_at",
        "unreachable_until",
        "dispatch_settings",
    }
)


@unit_of_work
def revise_draft(
    scope: Scope,
    *,
    rollout_id: int,
    now: datetime,
    release_note_url: str | None = None,
    expected: str | None = None,
    **changes: Any,
) -> Rollout:
    """Change fields of a draft, those of `draft_rollout` by name; what is not named stays.

    `expected` is the `version_of` the `draft_values` the change was made from.

    Raises:
        NotFound, NotPermitted, BadInput, RuleBroken: as for a new draft.
        StepRefused: it has been published.
        EditConflict: the draft is not as `expected`.
    """
    scope.check(*MAY_OPERATE)
    if unknown := changes.keys() - REVISABLE:
        raise BadInput(f"A draft has no {', '.join(sorted(unknown))}.")
    rollout = locked_rollout(scope, rollout_id)
    _check_is_draft(rollout)
    check_version(expected, draft_values(rollout))
    for field, value in changes.items():
        setattr(rollout, field, value)
    _check_draft(rollout, now=now)
    rollout.save(update_fields=[*(field.removesuffix("_id") for field in changes), "cutoff_at"])
    if release_note_url is not None:
        _put_note(rollout, release_note_url, by=scope, now=now)
    _record(scope, rollout, "rollout.draft-revised", now=now)
    return rollout


@unit_of_work
def discard_draft(scope: Scope, *, rollout_id: int, now: datetime) -> None:
    """Throw a draft away for good: nobody but the DCC ever saw it, and the journal keeps that there was one.

    Raises:
        NotFound, NotPermitted: as for a draft.
        StepRefused: it has been published.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    _check_is_draft(rollout)
    _record(scope, rollout, "rollout.draft-discarded", now=now)
    rollout.delete()


@unit_of_work
def notify_rollout(
    scope: Scope, *, rollout_id: int, expected: str | None = None, now: datetime
) -> PublishedNotice:
    """Publish the notice: a target for every eligible hub, and one entry for each party concerned.

    A second call is refused. Publications of one model take turns, so no hub is given twice;
    claims, alerts and readers of other rollouts go on meanwhile.

    Raises:
        NotFound, NotPermitted: as for a draft.
        StepRefused: it has been published.
        EditConflict: the draft is not as `expected`, the version that was previewed.
        RuleBroken: the automatic time does not suit the notice.
        CannotPublish: the CPL, the upgrade path or the Release Note stands against it.
    """
    scope.check(*MAY_OPERATE)
    take_turn(visible_rollout(scope, rollout_id).cpl_entry.device_model_id)
    rollout = locked_rollout(scope, rollout_id)
    _check_is_draft(rollout)
    check_version(expected, draft_values(rollout))
    has_window = rules.has_supplier_window(notified_at=now, cutoff_at=rollout.cutoff_at)
    _check_publishable(rollout, now=now)
    hubs = _make_targets(rollout, has_window=has_window, now=now)
    if not hubs:
        raise CannotPublish("No hub qualifies for this firmware at present.", code="nobody_eligible")
    rollout.notified_at = now
    rollout.window_closed_at = None if has_window else now
    rollout.save(update_fields=["notified_at", "window_closed_at"])
    rollout.release_notes.update(published_at=now, published_by_id=scope.user_id)
    facts = notice_facts(rollout, has_window=has_window)
    step_taken(scope, rollout, verb="notify", now=now, data=facts)
    if not rollout.has_pilot:
        step_taken(scope, rollout, verb="open_safe_launch", now=now)
    run_after_commit(partial(_ring_refresh, rollout.pk))
    return PublishedNotice(rollout.pk, hubs, len(shares_of(rollout.pk).by_supplier), has_window)


@unit_of_work
def revise_release_note(
    scope: Scope, *, rollout_id: int, url: str, summary: str = "", now: datetime
) -> ReleaseNote:
    """Publish a revision of the Release Note; earlier ones are kept, everybody concerned is told (R1.4).

    Raises:
        NotFound, NotPermitted: as for a draft.
        StepRefused: the rollout has ended.
        BadInput: there is no address.
    """
    scope.check(*MAY_OPERATE)
    rollout = locked_rollout(scope, rollout_id)
    if rollout.status in ENDED_STATUSES:
        raise StepRefused("The rollout has ended: its Release Note no longer changes.")
    latest = rollout.release_notes.order_by("-revision").first()
    note = ReleaseNote.objects.create(
        rollout=rollout,
        revision=latest.revision + 1 if latest else 1,
        url=_checked_url(url),
        summary=summary,
        published_at=now,
        published_by_id=scope.user_id,
    )
    facts = {"revision": note.revision, "url": note.url, "summary": note.summary}
    _record(scope, rollout, "release-note.revised", now=now, facts=facts)
    if rollout.status != RolloutStatus.DRAFT:
        journal.publish_entries(
            EntryKind.RELEASE_NOTE_REVISED,
            parties=numbers_by_party(shares_of(rollout.pk)),
            rollout_id=rollout.pk,
            at=now,
            data={"name": rollout.name, **facts},
        )
    return note


def _ring_refresh(rollout_id: int) -> None:
    """Have what the inventory did meanwhile made up for. A lost call costs a day: it is done each night."""
    current_app.send_task(REFRESH_TASK, kwargs={"rollout_id": rollout_id})


def _check_draft(rollout: Rollout, *, now: datetime) -> None:
    """Check what a draft says by itself, and derive its cut-off."""
    if not rollout.name.strip():
        raise BadInput("Give the rollout a name.")
    if rollout.pilot_cap < 1:
        raise BadInput("A pilot group has room for at least one hub.")
    if not CplEntry.objects.filter(pk=rollout.cpl_entry_id).exists():
        raise BadInput("Choose an entry of the Central Products List.")
    for field, words in _CHOICES.items():
        if getattr(rollout, field) not in words.values:
            raise BadInput(f"Choose the {field.replace('_', ' ')} from {', '.join(words.values)}.")
    rules.check_automatic_at(rollout.automatic_at, notified_at=now)
    starts_at, ends_at = rollout.pilot_starts_at, rollout.pilot_ends_at
    rules.check_pilot_dates(starts_at, ends_at, automatic_at=rollout.automatic_at, after=now)
    if rollout.unreachable_until is not None and rollout.unreachable_until < rollout.automatic_at:
        raise BadInput("Unreachable hubs are tried at least until the automatic time.")
    rollout.cutoff_at = rules.one_month_before(rollout.automatic_at)


def _check_is_draft(rollout: Rollout) -> None:
    if rollout.status != RolloutStatus.DRAFT:
        raise StepRefused("The notice has been published already.")


def _check_publishable(rollout: Rollout, *, now: datetime) -> None:
    entry = rollout.cpl_entry
    rules.check_automatic_at(rollout.automatic_at, notified_at=now)
    problems = {
        "cpl_not_active": (
            entry.status != CplStatus.ACTIVE,
            "The firmware is not active on the Central Products List.",
        ),
        "smets1_out_of_scope": (
            entry.device_model.smets_generation != SMETS2,
            "SMETS1 hubs are updated by another process.",
        ),
        "no_upgrade_path": (
            not entry.allowed_predecessor_ids,
            "The CPL entry names no version it may be reached from.",
        ),
        "release_note_missing": (
            rollout.kind == ReleaseKind.SEC_RELEASE and not rollout.release_notes.exists(),
            "A SEC Release is published with its Release Note: give its address.",
        ),
    }
    for code, (stands_against, message) in problems.items():
        if stands_against:
            raise CannotPublish(message, code=code)


@inside_unit_of_work
def _make_targets(rollout: Rollout, *, has_window: bool, now: datetime) -> int:
    """Fill a partition of its own, count it, give it its key, attach it: in this order for speed."""
    if rollout.has_pilot:
        Batch.objects.create(
            rollout=rollout, kind=BatchKind.PILOT, position=PILOT_POSITION, name="Pilot group"
        )
    main = Batch.objects.create(
        rollout=rollout,
        kind=BatchKind.SAFE_LAUNCH,
        position=SAFE_LAUNCH_POSITION,
        name="Safe launch group",
        gate_open=not rollout.has_pilot,
    )
    partition = sql.fetch_one("rollouts", "make_partition", rollout_id=rollout.pk).name
    params = {
        **eligibility_params(rollout.cpl_entry, besides=rollout.pk),
        "batch_id": main.pk,
        "automatic_at": rollout.automatic_at,
        "now": now,
        "has_window": has_window,
    }
    sql.run(sql.statement("rollouts", "fill_targets", partition=partition), params)
    counted = sql.rows(sql.statement("rollouts", "count_new_targets", partition=partition), params)[0].hubs
    sql.fetch_one("rollouts", "attach_partition", rollout_id=rollout.pk)
    sql.execute("rollouts", "analyze_partition", partition=partition)
    return int(counted)


def _put_note(rollout: Rollout, url: str, *, by: Scope, now: datetime) -> None:
    if not url:
        rollout.release_notes.all().delete()
        return
    latest = rollout.release_notes.order_by("-revision").first()
    if latest is not None and latest.url == url:
        return
    ReleaseNote.objects.update_or_create(
        rollout=rollout,
        revision=latest.revision if latest else 1,
        defaults={"url": _checked_url(url), "published_at": now, "published_by_id": by.user_id},
    )


def _checked_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise BadInput("Give the address of the Release Note, beginning with https://.")
    return url


def _record(
    scope: Scope, rollout: Rollout, name: str, *, now: datetime, facts: Mapping[str, object] | None = None
) -> None:
    journal.record(
        name, subject=f"rollout:{rollout.pk}", by=scope, at=now, facts={"name": rollout.name, **(facts or {})}
    )
