"""A Supplier, or the DCC, says that hubs of a rollout went wrong (R5.1).

Hubs are listed, chosen by criteria, or those of a batch; they are put in by set, and of a Supplier only its
own. What another Supplier of a hub has raised is not seen, counted or hinted at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.events import journal
from portal.events.kinds import EntryKind
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.roles import MAY_INSTRUCT, MAY_OPERATE
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.opaque import drawn_reference
from portal.kernel.references import reference_of
from portal.kernel.refusals import BadInput, NotFound, Refusal
from portal.kernel.spreadsheets import NotRead
from portal.kernel.transactions import inside_unit_of_work, unit_of_work
from portal.kernel.working_days import local_day
from rollouts.models import Batch, Incident, IncidentComment, Instruction, Rollout
from rollouts.reads.governance.incidents import locked_incident
from rollouts.reads.governance.settings import Governance
from rollouts.reads.rollouts.visibility import visible_rollout
from rollouts.reads.rules.choosing import criteria_context
from rollouts.rules.criteria import Sql, Subject, compile_hub, parse
from rollouts.services.governance.attach import Upload, put_attachments
from rollouts.services.instructions.hub_list import HubList, RefusedLine, in_order, spelt_lines, stage
from rollouts.states import RolloutStatus
from rollouts.states.governing import HanImpact, HubSource

_LONGEST_TITLE = 120
_LONGEST_REFERENCE = 40
_URGENT = 2
"""Incidents of this category, or a worse one, are told to the Panel too."""


class NothingNamed(Refusal):
    """No hub named can be in the incident."""

    code = "nothing_named"


@dataclass(frozen=True, slots=True)
class IncidentAccount:
    """What somebody says of an incident, beside its hubs."""

    category: int
    title: str
    description: str = ""
    han_impact: str = HanImpact.UNKNOWN
    han_devices: int = 0
    service_desk_reference: str = ""
    attachments: Sequence[Upload] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """An incident as it was taken: what it is called, its hubs, and the lines that were not."""

    incident_id: int
    reference: str
    hubs: int
    rejected: tuple[RefusedLine, ...]
    respond_by: datetime
    resolve_by: datetime
    not_read: tuple[NotRead, ...] = ()


@unit_of_work
def raise_incident(
    scope: Scope,
    *,
    rollout_id: int,
    account: IncidentAccount,
    source: HubList | None = None,
    tree: object | None = None,
    batch_id: int | None = None,
    instruction_id: int | None = None,
    idempotency_key: str = "",
    now: datetime,
) -> Raised:
    """Raise an incident against a rollout, with hubs: listed, by criteria, of a batch or an own instruction.

    It is marked as high priority, and has target times by its category. Lines that cannot be taken are
    listed with their reasons, the others go on. The same key raises one incident.

    Raises:
        NotPermitted, NotFound: not for this role; no such rollout or batch for this organisation.
        BadInput, InvalidCriteria, AttachmentRefused: what is said makes no sense.
        NothingNamed: no hub named can be in it.
    """
    scope.check(*sorted(MAY_INSTRUCT | MAY_OPERATE))
    rollout = visible_rollout(scope, rollout_id)
    if rollout.status == RolloutStatus.DRAFT:
        raise NotFound("There is no such rollout.")
    if idempotency_key and (earlier := _earlier(scope, idempotency_key)):
        return earlier
    _check(account)
    ways = sum(way is not None for way in (source, tree, batch_id, instruction_id))
    if ways > 1 or (scope.is_supplier and not ways):
        raise BadInput("Name the hubs in one way: a list, a rule, a batch, or an instruction.")
    incident = _new(scope, rollout, account, now=now)
    incident.idempotency_key = idempotency_key
    refused = _name_hubs(
        scope, incident, source=source, tree=tree, batch_id=batch_id, instruction_id=instruction_id, now=now
    )
    incident.not_read = source.not_read_documents if source is not None else []
    incident.rejected = [line.document for line in refused[: Governance.current().listed_rejections]]
    if ways and not incident.hubs:
        raise NothingNamed(
            "None of these hubs can be in the incident. See the reason of each.",
            facts={"rejected": incident.rejected},
        )
    incident.save()
    put_attachments(scope, incident, account.attachments, now=now)
    _notify_raised(scope, incident, now=now)
    return _raised(incident, refused)


@unit_of_work
def comment_on_incident(
    scope: Scope, *, incident_id: int, text: str, is_internal: bool = False, now: datetime
) -> IncidentComment:
    """Add to the story of an incident; what is internal is for the DCC and the Panel alone.

    Raises:
        NotPermitted, NotFound: not for this role; no such incident for this organisation.
        BadInput: nothing is said.
    """
    scope.check(*sorted(MAY_INSTRUCT | MAY_OPERATE))
    incident = locked_incident(scope, incident_id)
    if not text.strip():
        raise BadInput("Say something.")
    return record_comment(scope, incident, text, is_internal=is_internal and scope.is_dcc, now=now)


@unit_of_work
def attach_to_incident(scope: Scope, *, incident_id: int, uploads: Sequence[Upload], now: datetime) -> int:
    """Add files to an incident; returns how many are new.

    Raises:
        NotPermitted, NotFound: not for this role; no such incident for this organisation.
        AttachmentRefused: one of them cannot be taken; none is.
    """
    scope.check(*sorted(MAY_INSTRUCT | MAY_OPERATE))
    incident = locked_incident(scope, incident_id)
    added = put_attachments(scope, incident, uploads, now=now)
    record(scope, incident, "incident.file-added", now=now, files=added)
    return added


@inside_unit_of_work
def record_comment(
    scope: Scope, incident: Incident, text: str, *, now: datetime, is_internal: bool = False
) -> IncidentComment:
    """Write a comment, and tell the raiser and the DCC of one that is not internal."""
    comment = IncidentComment.objects.create(
        incident=incident,
        organisation_id=scope.organisation_id,
        user_id=scope.user_id,
        author=scope.name,
        by_dcc=scope.is_dcc,
        is_internal=is_internal,
        text=text.strip(),
        at=now,
    )
    record(scope, incident, "incident.commented", now=now, is_internal=is_internal)
    if not is_internal:
        notify_updated(incident, now=now, comment=comment.text)
    return comment


@inside_unit_of_work
def notify_updated(incident: Incident, *, now: datetime, **data: object) -> None:
    """Tell the raiser and the DCC that an incident has moved."""
    journal.publish_entries(
        EntryKind.INCIDENT_UPDATED,
        parties={incident.organisation_id, *_dcc()},
        rollout_id=incident.rollout_id,
        at=now,
        data={
            "name": incident.reference,
            "incident": reference_of(incident.pk, "incident"),
            "reference": incident.reference,
            "status": incident.status,
            "title": incident.title,
            **data,
        },
    )


@inside_unit_of_work
def record(scope: Scope, about: Incident, name: str, /, *, now: datetime, **facts: object) -> None:
    """Record a fact about an incident."""
    journal.record(
        name,
        subject=f"incident:{about.pk}",
        by=scope,
        at=now,
        facts={"rollout": about.rollout_id, "reference": about.reference, **facts},
    )


def _earlier(scope: Scope, key: str) -> Raised | None:
    incident = Incident.objects.filter(organisation_id=scope.organisation_id, idempotency_key=key).first()
    if incident is None:
        return None
    lines = [
        RefusedLine(row["line"], row["raw"], None, row["reason"], row.get("detail", ""), row.get("sheet", ""))
        for row in incident.rejected
    ]
    return _raised(incident, lines)


def _raised(incident: Incident, refused: Sequence[RefusedLine]) -> Raised:
    return Raised(
        incident.pk,
        incident.reference,
        incident.hubs,
        tuple(refused),
        incident.respond_by,
        incident.resolve_by,
        tuple(map(NotRead.of, incident.not_read)),
    )


def _check(account: IncidentAccount) -> None:
    if account.category not in Governance.current().categories:
        raise BadInput("Choose a category from 1, the most severe, to 5.")
    if not account.title.strip() or len(account.title) > _LONGEST_TITLE:
        raise BadInput(f"Say in at most {_LONGEST_TITLE} characters what is wrong.")
    if account.han_impact not in HanImpact.values:
        raise BadInput(f"Choose the impact on devices from {', '.join(HanImpact.values)}.")
    if account.han_devices < 0 or len(account.service_desk_reference) > _LONGEST_REFERENCE:
        raise BadInput("The number of devices, or the reference of the Service Desk, makes no sense.")


def _new(scope: Scope, rollout: Rollout, account: IncidentAccount, *, now: datetime) -> Incident:
    targets = Governance.current().categories[account.category]
    return Incident.objects.create(
        reference=drawn_reference("INC", signs=8),
        rollout=rollout,
        organisation_id=scope.organisation_id,
        user_id=scope.user_id,
        client_id=scope.client_id or "",
        category=account.category,
        title=account.title.strip(),
        description=account.description.strip(),
        han_impact=account.han_impact,
        han_devices=account.han_devices,
        service_desk_reference=account.service_desk_reference.strip(),
        raised_at=now,
        respond_by=now + targets.response,
        resolve_by=now + targets.resolution,
        status_at=now,
    )


@inside_unit_of_work
def _name_hubs(
    scope: Scope,
    incident: Incident,
    *,
    source: HubList | None,
    tree: object | None,
    batch_id: int | None,
    instruction_id: int | None,
    now: datetime,
) -> list[RefusedLine]:
    """Put the hubs into the incident by set; return the lines that were not taken, in order."""
    party = scope.organisation_id if scope.is_supplier else None
    refused: list[RefusedLine] = []
    chosen = Sql("FALSE")
    incident.source = HubSource.NONE
    if source is not None:
        incident.source = HubSource.LIST
        stage(source.guids, source.lines)
        chosen = Sql("t.guid IN (SELECT guid FROM rollouts_staged_guid)")
    elif tree is not None:
        criteria = parse(tree, subject=Subject.HUB)
        incident.source, incident.criteria = HubSource.RULE, criteria.document
        chosen = compile_hub(criteria, criteria_context(party, as_of=local_day(now)))
    elif batch_id is not None:
        incident.source, incident.batch_id = HubSource.BATCH, _batch(incident, batch_id)
        chosen = Sql("t.batch_id = %(batch_id)s", {"batch_id": batch_id})
    elif instruction_id is not None:
        incident.source = HubSource.BATCH
        chosen = _instructed(scope, incident, instruction_id)
    params: dict[str, Any] = {
        "incident_id": incident.pk,
        "rollout_id": incident.rollout_id,
        "party_id": party,
    }
    incident.hubs = sql.run(sql.statement("rollouts", "name_hubs", chosen=chosen), params)
    if source is not None:
        refused = _refused(source, sql.fetch_all("rollouts", "unnamed_hubs", **params))
    return refused


def _batch(incident: Incident, batch_id: int) -> int:
    if not Batch.objects.filter(pk=batch_id, rollout_id=incident.rollout_id).exists():
        raise NotFound("There is no such batch.")
    return batch_id


def _instructed(scope: Scope, incident: Incident, instruction_id: int) -> Sql:
    own = Instruction.objects.filter(pk=instruction_id, rollout_id=incident.rollout_id)
    if not own.filter(organisation_id=scope.organisation_id).exists():
        raise NotFound("There is no such instruction.")
    return Sql(
        "(t.import_instruction_id = %(instruction_id)s OR t.gas_instruction_id = %(instruction_id)s)",
        {"instruction_id": instruction_id},
    )


def _refused(source: HubList, rows: Sequence[Any]) -> list[RefusedLine]:
    missed = [
        (
            row.guid,
            row.line_no,
            row.reason,
            f"GPF of CHF {Guid.from_db(row.chf_guid)}" if row.chf_guid else "",
        )
        for row in rows
    ]
    return in_order([*source.refused, *spelt_lines(missed, source.text, source.sheets)], source.sheets)


def _notify_raised(scope: Scope, incident: Incident, *, now: datetime) -> None:
    data = {
        "name": incident.rollout.name,
        "incident": reference_of(incident.pk, "incident"),
        "reference": incident.reference,
        "category": incident.category,
        "is_high_priority": incident.is_high_priority,
        "title": incident.title,
        "han_impact": incident.han_impact,
        "hubs": incident.hubs,
        "respond_by": incident.respond_by.isoformat(),
        "resolve_by": incident.resolve_by.isoformat(),
    }
    record(scope, incident, "incident.raised", now=now, **data)
    boards = {*_dcc()}
    if incident.category <= _URGENT:
        boards |= set(_organisations(OrganisationKind.PANEL))
    journal.publish_entries(
        EntryKind.INCIDENT_RAISED,
        parties={incident.organisation_id, *boards},
        rollout_id=incident.rollout_id,
        at=now,
        data={**data, "reason": f"{incident.reference}, category {incident.category}: {incident.title}"},
    )


def _dcc() -> list[int]:
    return _organisations(OrganisationKind.DCC)


def _organisations(kind: OrganisationKind) -> list[int]:
    return list(Organisation.objects.filter(kind=kind).values_list("pk", flat=True))
