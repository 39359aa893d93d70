"""What the DCC makes of incidents: answered, merged, put down to a known issue, resolved (R5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.transactions import unit_of_work
from portal.kernel.versions import check_version
from rollouts.models import Incident, KnownIssue, Rollout
from rollouts.reads.governance.edits import known_issue_values
from rollouts.reads.governance.incidents import locked_incident, visible_incident
from rollouts.rules.criteria import Subject, parse
from rollouts.services.governance.raise_incident import notify_updated, record, record_comment
from rollouts.states import FailureCode
from rollouts.states.governing import INCIDENT_STEPS, OPEN_INCIDENTS, IncidentStatus

_LONGEST_TITLE = 120


class IncidentStepRefused(Refusal):
    """The table has no such step from where the incident stands, or not for this role."""

    code = "incident_step_refused"


@unit_of_work
def take_incident_step(
    scope: Scope, *, incident_id: int, verb: str, comment: str = "", now: datetime
) -> Incident:
    """Move an incident one step of the table; the raiser and the DCC are told, with what is said of it.

    Raises:
        NotFound: there is no such incident or step, or not for this organisation.
        NotPermitted: the step is for another role.
        IncidentStepRefused: the incident does not stand where the step begins.
    """
    if verb not in INCIDENT_STEPS or verb == "merge":
        raise NotFound("There is no such step.")
    incident = locked_incident(scope, incident_id)
    step = INCIDENT_STEPS[verb]
    scope.check(*sorted(step.roles))
    if not step.is_open_to(*scope.roles, at=IncidentStatus(incident.status)):
        label = IncidentStatus(incident.status).label
        raise IncidentStepRefused(f"“{step.label}” is not possible while the incident is: {label}.")
    _stand(incident, step.target, now=now)
    record(scope, incident, f"incident.{verb}", now=now, status=incident.status)
    if comment.strip():
        record_comment(scope, incident, comment, now=now)
    else:
        notify_updated(incident, now=now)
    _notify_merged(incident, now=now)
    return incident


@unit_of_work
def merge_incident(scope: Scope, *, incident_id: int, into_id: int, now: datetime) -> Incident:
    """Let an incident be handled with another one of its rollout; its hubs still count, each once.

    Its raiser is told that it is handled with another, of another Supplier not which.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such incidents.
        IncidentStepRefused: one of them is not open, they are the same, or of two rollouts.
    """
    step = INCIDENT_STEPS["merge"]
    scope.check(*sorted(step.roles))
    # In the order of their ids: two merges that cross must not wait for each other.
    held = {each: locked_incident(scope, each) for each in sorted({incident_id, into_id})}
    incident, into = held[incident_id], held[into_id]
    if incident_id == into_id or incident.rollout_id != into.rollout_id:
        raise IncidentStepRefused("An incident is merged into another one of the same rollout.")
    if incident.status not in step.sources or into.status not in OPEN_INCIDENTS:
        raise IncidentStepRefused("Both incidents must be open.")
    incident.merged_into = into
    _stand(incident, step.target, now=now)
    Incident.objects.filter(merged_into=incident).update(merged_into=into)
    record(scope, incident, "incident.merged", now=now, into=into.reference)
    notify_updated(incident, now=now)
    return incident


@unit_of_work
def explain_incident(
    scope: Scope,
    *,
    incident_id: int,
    known_issue_id: int | None,
    expected: str | None = None,
    now: datetime,
) -> Incident:
    """Put an incident down to a known issue, or take that back.

    `expected` is the `version_of` the `known_issue_id` it was put down to before.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such incident or issue.
        EditConflict: it is put down to another one meanwhile.
    """
    scope.check(*sorted(MAY_OPERATE))
    incident = locked_incident(scope, incident_id)
    check_version(expected, {"known_issue_id": incident.known_issue_id})
    issue = None
    if known_issue_id is not None:
        issue = KnownIssue.objects.filter(pk=known_issue_id).first()
        if issue is None or issue.rollout_id not in {None, incident.rollout_id}:
            raise NotFound("There is no such known issue.")
    incident.known_issue = issue
    incident.save(update_fields=["known_issue"])
    record(scope, incident, "incident.explained", now=now, known_issue=known_issue_id)
    return incident


@unit_of_work
def set_service_desk_reference(
    scope: Scope, *, incident_id: int, reference: str, expected: str | None = None, now: datetime
) -> Incident:
    """Set the Service Desk's reference of an incident.

    `expected` is the `version_of` the `reference` there was before.

    Raises:
        NotPermitted, NotFound: not for this role; no such incident for this organisation.
        EditConflict: there is another reference meanwhile.
        BadInput: the reference is too long.
    """
    scope.check(*sorted(MAY_INSTRUCT | MAY_OPERATE))
    visible_incident(scope, incident_id)
    incident = locked_incident(scope, incident_id)
    check_version(expected, {"reference": incident.service_desk_reference})
    if len(reference.strip()) > Incident._meta.get_field("service_desk_reference").max_length:  # type: ignore[operator]
        raise BadInput("The reference of the Service Desk is too long.")
    incident.service_desk_reference = reference.strip()
    incident.save(update_fields=["service_desk_reference"])
    record(scope, incident, "incident.reference-set", now=now, service_desk=incident.service_desk_reference)
    return incident


@unit_of_work
def put_known_issue(
    scope: Scope,
    *,
    title: str,
    description: str = "",
    failure_codes: Sequence[int] = (),
    criteria: object | None = None,
    rollout_id: int | None = None,
    is_active: bool = True,
    issue_id: int | None = None,
    expected: str | None = None,
    now: datetime,
) -> KnownIssue:
    """Record something that is understood, or change it: failures it explains are counted apart.

    A failure is explained when its code is one of those named (any, if none is) and its hub meets the
    criteria (any, if there are none). `expected` is the `version_of` the `known_issue_values` that were read.

    Raises:
        NotPermitted, NotFound: not a DCC operator; no such issue or rollout.
        BadInput, InvalidCriteria: no title, unknown codes, conditions that make no sense, or none at all.
        EditConflict: the issue is not as `expected`.
    """
    scope.check(*sorted(MAY_OPERATE))
    if not title.strip() or len(title) > _LONGEST_TITLE:
        raise BadInput(f"Give the issue a title of at most {_LONGEST_TITLE} characters.")
    if set(failure_codes) - {int(code) for code in FailureCode if code}:
        raise BadInput("There is no such failure.")
    if not failure_codes and not criteria:
        raise BadInput("Say what the issue explains: failures, hubs, or both.")
    if rollout_id is not None and not Rollout.objects.filter(pk=rollout_id).exists():
        raise NotFound("There is no such rollout.")
    tree = parse(criteria, subject=Subject.HUB).document if criteria else {}
    issue = _issue(issue_id, now=now, by=scope)
    if issue_id is not None:
        check_version(expected, known_issue_values(issue))
    changes: dict[str, Any] = {
        "title": title.strip(),
        "description": description.strip(),
        "failure_codes": sorted(set(failure_codes)),
        "criteria": tree,
        "rollout_id": rollout_id,
        "is_active": is_active,
    }
    for field, value in changes.items():
        setattr(issue, field, value)
    issue.save()
    subject, facts = f"known-issue:{issue.pk}", {**changes, "version": issue.version}
    journal.record("known-issue.put", subject=subject, by=scope, at=now, facts=facts)
    return issue


def _issue(issue_id: int | None, *, by: Scope, now: datetime) -> KnownIssue:
    if issue_id is None:
        return KnownIssue(created_at=now, created_by_id=by.user_id, changed_at=now)
    issue = KnownIssue.objects.select_for_update(no_key=True).filter(pk=issue_id).first()
    if issue is None:
        raise NotFound("There is no such known issue.")
    issue.version, issue.changed_at = issue.version + 1, now
    return issue


def _stand(incident: Incident, status: IncidentStatus, *, now: datetime) -> None:
    incident.status, incident.status_at = status, now
    if status in {IncidentStatus.ACKNOWLEDGED, IncidentStatus.INVESTIGATING, IncidentStatus.RESOLVED}:
        incident.responded_at = incident.responded_at or now
    if status == IncidentStatus.RESOLVED:
        incident.resolved_at = now
    elif status == IncidentStatus.INVESTIGATING:
        incident.resolved_at = None
    incident.save()


def _notify_merged(incident: Incident, *, now: datetime) -> None:
    """Tell the raisers of what is handled with an incident how it stands; each of its own alone."""
    for merged in incident.merged.select_related("rollout"):
        notify_updated(merged, now=now, stands=incident.status)
