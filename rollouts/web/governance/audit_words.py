"""The facts of the audit trail as sentences: who did what to what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from portal.kernel.presentation.numbers import count_of
from rollouts.queries.governance.audit import Fact

#: What somebody did, by the name of the fact; `{about}` is what it was done to.
DEEDS: Final[Mapping[str, str]] = {
    "rollout.drafted": "drafted {about}",
    "rollout.draft-revised": "changed the draft of {about}",
    "rollout.draft-discarded": "discarded the draft of {about}",
    "rollout.notified": "published {about}",
    "rollout.suspended": "suspended {about}",
    "rollout.paused": "paused {about}",
    "rollout.resumed": "resumed {about}",
    "rollout.stopped": "stopped {about}",
    "rollout.revoked": "revoked {about}",
    "rollout.completed": "completed {about}",
    "rollout.complete-refused": "could not complete {about} yet",
    "rollout.safe-launch-opened": "opened the safe launch of {about}",
    "rollout.delayed": "moved the automatic date of {about} later",
    "rollout.brought-forward": "brought the automatic date of {about} forward",
    "release-note.revised": "revised the Release Note of {about}",
    "pace.changed": "changed the activation hours or the ramp of {about}",
    "channel.changed": "changed the terms of the CSP channel of {about}",
    "hours.kept": "narrowed the activation hours of {about}",
    "batch.opened": "formed a batch of {about}",
    "batch.announced": "announced a batch of {about}",
    "batch.phase-set": "changed the gate of a batch of {about}",
    "pilot.planned": "planned the pilot of {about}",
    "pilot.reminded": "reminded Suppliers to nominate hubs for {about}",
    "pilot.submitted": "nominated pilot hubs for {about}",
    "pilot.confirmed": "confirmed pilot hubs of {about}",
    "pilot.proposed": "proposed pilot hubs for {about}",
    "pilot.answered": "answered a proposal of pilot hubs for {about}",
    "pilot.proposal-withdrawn": "withdrew a proposal of pilot hubs for {about}",
    "pilot-submission.confirmed": "confirmed a nomination of pilot hubs for {about}",
    "pilot-submission.declined": "declined pilot hubs for {about}",
    "pilot-submission.withdrawn": "withdrew a nomination of pilot hubs for {about}",
    "pilot.started": "started the pilot of {about}",
    "pilot.progress": "reported how the pilot of {about} goes",
    "pilot.commented": "commented on the pilot of {about}",
    "pilot.ended": "ended the pilot of {about}",
    "pilot.accepted": "accepted the pilot of {about}",
    "pilot.rejected": "rejected the pilot of {about}",
    "pilot.reopened": "reopened the pilot of {about}",
    "pilot.skipped": "went on without a pilot of {about}",
    "instruction.received": "gave an instruction for {about}",
    "instruction.applied": "applied an instruction for {about}",
    "window.reminded": "reminded Suppliers of the cut-off of {about}",
    "window.closed": "closed the window of {about} at the cut-off",
    "digest.made": "sent the daily summary of {about}",
    "approval-rule.saved": "saved {about}",
    "approval-rule.enabled": "enabled {about}",
    "approval-rule.disabled": "disabled {about}",
    "approval-rule.archived": "archived {about}",
    "approval-rule.ran": "instructed hubs of {about} by an approval rule",
    "selection-rule.saved": "saved {about}",
    "selection-rule.archived": "archived {about}",
    "decision.review-opened": "opened {about}",
    "decision.recommended": "recommended an outcome of {about}",
    "decision.signed": "signed {about}",
    "decision.rejected": "rejected the recommendation of {about}",
    "decision.reopened": "reopened {about}",
    "decision.overtaken": "closed {about}, as the rollout had moved on",
    "decision.enacted": "carried out {about}",
    "requirement.proposed": "proposed a change of the business rules",
    "requirement.withdrawn": "withdrew a proposed change of the business rules",
    "requirement.changed": "changed the business rules",
    "halt-rule.added": "added a halt rule to {about}",
    "halt-rule.changed": "changed a halt rule of {about}",
    "incident.raised": "raised {about}",
    "incident.acknowledge": "acknowledged {about}",
    "incident.investigate": "began to investigate {about}",
    "incident.resolve": "resolved {about}",
    "incident.close": "closed {about}",
    "incident.reopen": "reopened {about}",
    "incident.withdraw": "withdrew {about}",
    "incident.commented": "commented on {about}",
    "incident.explained": "put {about} down to a known issue",
    "incident.merged": "merged {about} with another one",
    "incident.file-added": "added files to {about}",
    "incident.reference-set": "set the Service Desk reference of {about}",
    "known-issue.put": "saved {about}",
    "unmatched-alerts.reviewed": "reviewed unmatched alerts",
    "unmatched-alerts.put-back": "put unmatched alerts back for review",
    "hub.reading-requested": "asked for readings of firmware versions",
    "cpl.loaded": "loaded the Central Products List",
    "reference.loaded": "loaded hub models and entries of the Central Products List",
    "cpl-entry.added": "added {about}",
    "cpl-entry.changed": "corrected {about}",
    "cpl-entry.status-changed": "changed the status of {about}",
    "device-model.added": "added {about}",
    "image.uploaded": "uploaded the image of {about}",
    "estate.loaded": "loaded an inventory of hubs",
    "statuses.changed": "applied a file of SMI statuses",
    "suppliers.changed": "applied a file of supplier changes",
    "columns.mapped": "named the columns of an inventory file",
    "differences.decided": "decided on differences between inventory and alerts",
    "certificate.submitted": "submitted a certificate of {about}",
    "certificate.accepted": "accepted a certificate of {about}",
    "certificate.revoked": "revoked a certificate of {about}",
    "client.created": "created {about}",
    "client.changed": "changed {about}",
    "client.revoked": "revoked {about}",
    "client.secret-rotated": "made another secret of {about}",
    "client.secret-ended": "ended the former secret of {about}",
    "client.secrets-ended": "ended the secrets of {about}",
    "webhook.created": "made {about}",
    "webhook.changed": "changed {about}",
    "webhook.removed": "removed {about}",
    "webhook.replayed": "delivered events of {about} again",
    "webhook.secret-rotated": "made another secret of {about}",
    "webhook.disabled": "disabled {about}, as it did not answer",
    "database.resumed": "went on after the database was put back",
    "person.invited": "invited {about}",
    "person.invited-again": "invited {about} again",
    "person.joined": "joined by single sign-on as {about}",
    "person.roles-changed": "changed the roles of {about}",
    "person.deactivated": "deactivated {about}",
    "person.reactivated": "reactivated {about}",
    "person.second-factor-reset": "reset the second factor of {about}",
    "email-domain.proved": "proved an e-mail domain of {about}",
    "single-sign-on.set-up": "set up single sign-on of {about}",
    "single-sign-on.taken-down": "took down single sign-on of {about}",
}
#: What the subjects of facts are called.
NOUNS: Final[Mapping[str, str]] = {
    "rollout": "rollout",
    "decision": "decision",
    "incident": "incident",
    "known-issue": "known issue",
    "person": "the account",
    "client": "API client",
    "webhook": "webhook",
    "organisation": "organisation",
    "approval-rule": "approval rule",
    "selection-rule": "rule",
    "cpl-entry": "entry",
    "device-model": "hub model",
    "channel": "region",
}
#: Facts that say why.
_WHY: Final = ("reason", "comment", "why", "note", "commentary", "reasons")
_MARKS: Final = re.compile(r"[.\-_]")
_LONGEST: Final = 200


def sentence(fact: Fact) -> str:
    """Say what happened: who did what to what, and to how many hubs."""
    deed = DEEDS.get(fact.name) or f"noted “{_MARKS.sub(' ', fact.name)}” of {{about}}"
    hubs = fact.facts.get("hubs")
    many = (
        f" ({count_of(hubs, 'hub')})" if isinstance(hubs, int) and not isinstance(hubs, bool) and hubs else ""
    )
    words = f"{who(fact)} {deed.format(about=about(fact))}{many}."
    return words[:1].upper() + words[1:]


def who(fact: Fact) -> str:
    """Name who did it: a person, a system, or the portal by itself."""
    return fact.actor or "The portal"


def about(fact: Fact) -> str:
    """Name what it was done to, as people know it."""
    kind, _, number = fact.subject.partition(":")
    noun = NOUNS.get(kind, kind.replace("-", " "))
    if fact.about:
        return f"{noun} {fact.about}" if kind in {"incident", "channel"} else f"{noun} “{fact.about}”"
    return f"{noun} {number}".strip()


def why(facts: Mapping[str, Any]) -> str:
    """Return the reason that was given, if one was."""
    return next((shortened(facts[name]) for name in _WHY if facts.get(name)), "")


def shortened(value: object) -> str:
    """Write a value, not without end."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
