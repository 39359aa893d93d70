"""Delivering: claim a batch, call its address outside any transaction, settle what came of it.

A crash at any line leaves a claim that ends by itself, and the same batch is called again under the same id:
at least once, in order, never a gap. Whoever settles has to hold the claim still.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, connections
from django.db.models import F, Q

from notifications.cloud_events import EntryFilter, json_array, written_after
from notifications.envelopes import BATCH, batch, ping_event
from notifications.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from notifications.webhooks.calling import WebhookResponse, call
from notifications.webhooks.retries import retry_delay
from notifications.webhooks.signing import headers_for
from portal.events import journal
from portal.events.kinds import PUBLIC_NAMES, EntryKind
from portal.events.written import WrittenEntry, WrittenSlice, feed_messages
from portal.identity.models import Organisation, OrganisationKind, UserIdentifier
from portal.identity.scope import Scope
from portal.identity.sealing import unseal
from portal.kernel import clock, sql
from portal.kernel.guid import Guid
from portal.kernel.references import reference_of
from portal.kernel.refusals import Refusal
from portal.kernel.transactions import inside_unit_of_work, unit_of_work

log = structlog.get_logger(__name__)
LANES: Final = 8
"""So many addresses are called at a time by one worker: one that hangs holds up one lane."""
LANES_OF_ONE: Final = 2
"""So many of one organisation's are called at a time, by all workers."""
TRIED_WHOLE: Final = 3
"""So often a batch is refused whole before it is halved."""
_CLAIM_SECONDS: Final = 120
State = WebhookEndpoint.State


@dataclass(frozen=True, slots=True)
class DeliveryBatch:
    """Some entries of a feed on their way to one address, under a claim."""

    claim: uuid.UUID
    endpoint_id: int
    url: str
    keys: tuple[str, ...]
    entries: tuple[WrittenEntry, ...]
    cursor: int
    batch_to: int
    attempt: int
    head: int = 0
    is_xml: bool = False
    problem: str = ""
    """Why nothing could be written of what there is: there are no entries then."""

    @property
    def message_id(self) -> str:
        """The same for every attempt at this batch."""
        first = self.entries[0].position if self.entries else self.cursor
        return f"msg_{self.endpoint_id}_{first}_{self.batch_to}"


def deliver_due(*, seconds: float = 5.0, lanes: int = LANES) -> int:
    """Deliver what is due until there is nothing more, or the time is up; return how many calls were made."""
    waiting = _endpoints_due(now=clock.wall()) + _pings_waiting()
    if not waiting:
        return 0
    until = time.monotonic() + seconds
    counts: list[int] = []
    helpers = range(min(lanes, waiting) - 1)
    threads = [threading.Thread(target=_lane, args=(until, counts)) for _ in helpers]
    for thread in threads:
        thread.start()
    counts.append(_deliver_until(until))
    for thread in threads:
        thread.join()
    return sum(counts)


def deliver_next(*, now: datetime) -> bool:
    """Claim, call and settle one batch; False when none is due."""
    claimed = claim_batch(now=now)
    if isinstance(claimed, DeliveryBatch):
        settle(claimed, call_with(claimed, now=now), now=now)
    return claimed is not None


def send_ping(*, now: datetime) -> bool:
    """Send one test event that waits, and record what came of it; False when none does."""
    claimed = _claim_ping(now=now)
    if claimed is None:
        return False
    endpoint = claimed.endpoint
    live = endpoint.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=now)).order_by("-created_at", "-pk")
    if endpoint.user_identifier_id is None:
        content_type = BATCH
        body = batch([ping_event(endpoint.organisation_id, ident=claimed.message_id, now=now)])
    else:
        content_type = feed_messages().content_type
        body = feed_messages().page([], position=endpoint.cursor, head=endpoint.cursor)
    keys = [unseal(secret.sealed) for secret in live]
    signed = headers_for(keys, message_id=claimed.message_id, at=now, body=body)
    response = call(endpoint.url, body=body, headers={"Content-Type": content_type, **signed})
    WebhookDelivery.objects.filter(pk=claimed.pk).update(**response_summary(response))
    return True


@unit_of_work
def _claim_ping(*, now: datetime) -> WebhookDelivery | None:
    lost = now - timedelta(seconds=max(_CLAIM_SECONDS, 3 * settings.WEBHOOK_SECONDS))
    rows = sql.fetch_all("notifications", "claim_ping", now=now, lost=lost)
    return WebhookDelivery.objects.select_related("endpoint").get(pk=rows[0].id) if rows else None


def call_with(claimed: DeliveryBatch, *, now: datetime) -> WebhookResponse:
    """Send a batch, signed."""
    if claimed.problem:
        return WebhookResponse(WebhookDelivery.Outcome.UNWRITTEN, problem=claimed.problem[:200])
    if claimed.is_xml:
        messages = feed_messages()
        body = messages.page(claimed.entries, position=claimed.batch_to, head=claimed.head)
        content_type = messages.content_type
    else:
        body, content_type = json_array(claimed.entries), BATCH
    signed = headers_for(claimed.keys, message_id=claimed.message_id, at=now, body=body)
    return call(claimed.url, body=body, headers={"Content-Type": content_type, **signed})


def claim_batch(*, now: datetime) -> DeliveryBatch | bool | None:
    """Claim the next batch that is due; True where it held nothing that is wanted, None when none is."""
    claim = uuid.uuid4()
    row = _claim(claim, now=now)
    if row is None:
        return None
    # Outside the transaction: messages are signed one by one, and readings matched in units of work.
    try:
        stretch, problem = _written(row), ""
    except Refusal as refusal:
        stretch, problem = WrittenSlice((), row.cursor, row.cursor), refusal.message
    entries = [e for e in stretch.entries if row.batch_to is None or e.position <= row.batch_to]
    batch_to = row.cursor if problem else row.batch_to or stretch.position
    if not problem and not _begin(row, claim, batch_to=batch_to, is_empty=not entries):
        return True
    secrets = WebhookSecret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), endpoint_id=row.id)
    return DeliveryBatch(
        claim=claim,
        endpoint_id=row.id,
        url=row.url,
        keys=tuple(unseal(secret.sealed) for secret in secrets.order_by("-created_at", "-pk")),
        entries=tuple(entries),
        cursor=row.cursor,
        batch_to=batch_to,
        attempt=row.attempts + 1,
        head=stretch.head,
        is_xml=row.user_identifier_id is not None,
        problem=problem,
    )


@unit_of_work
def _claim(claim: uuid.UUID, *, now: datetime) -> Any:
    until = now + timedelta(seconds=max(_CLAIM_SECONDS, 3 * settings.WEBHOOK_SECONDS))
    rows = sql.fetch_all(
        "notifications", "claim_webhook", now=now, claim=claim, until=until, most=LANES_OF_ONE
    )
    return rows[0] if rows else None


def _written(row: Any) -> WrittenSlice:
    scope = _scope_of(row.organisation_id)
    if row.user_identifier_id is None:
        kinds = [EntryKind(kind) for kind in row.kinds if kind in PUBLIC_NAMES]
        wanted = EntryFilter(kinds, row.rollout_ids, row.regions)
        return written_after(scope, row.cursor, wanted=wanted, size=row.batch_size)
    user = UserIdentifier.objects.get(pk=row.user_identifier_id)
    return feed_messages().written_after(scope, Guid.from_db(user.eui64), row.cursor, size=row.batch_size)


@unit_of_work
def _begin(row: Any, claim: uuid.UUID, *, batch_to: int, is_empty: bool) -> bool:
    """Note where the batch ends, or step over it; False where there is nothing to call with."""
    own = WebhookEndpoint.objects.filter(pk=row.id, claim=claim, cursor=row.cursor)
    if is_empty:
        own.update(cursor=batch_to, batch_to=None, claim=None, claimed_until=None)
        return False
    return bool(own.update(batch_to=batch_to))


@unit_of_work
def settle(claimed: DeliveryBatch, answer: WebhookResponse, *, now: datetime) -> bool:
    """Record what came of a call, and go on from there; False when the claim was lost meanwhile."""
    WebhookDelivery.objects.create(
        endpoint_id=claimed.endpoint_id,
        message_id=claimed.message_id,
        first_position=claimed.entries[0].position if claimed.entries else None,
        last_position=claimed.entries[-1].position if claimed.entries else None,
        entries=len(claimed.entries),
        attempt=claimed.attempt,
        at=now,
        **response_summary(answer),
    )
    own = WebhookEndpoint.objects.filter(pk=claimed.endpoint_id, claim=claimed.claim, cursor=claimed.cursor)
    let_go = {"claim": None, "claimed_until": None}
    if answer.is_delivered:
        done = own.update(
            **let_go,
            cursor=claimed.batch_to,
            batch_to=None,
            attempts=0,
            failing_since=None,
            delivered_at=now,
            due_at=now,
        )
        return bool(done)
    wait, next_try = _next_try(claimed, answer)
    failed = own.update(**let_go, **next_try, due_at=now + wait)
    if failed:
        WebhookEndpoint.objects.filter(pk=claimed.endpoint_id, failing_since=None).update(failing_since=now)
        _give_up(claimed, answer, now=now)
    return bool(failed)


def _next_try(claimed: DeliveryBatch, answer: WebhookResponse) -> tuple[timedelta, dict[str, Any]]:
    """Return how long to wait, and with what.

    A batch that is refused again and again is halved each time, until the entry that is refused stands alone:
    what comes before it is delivered, and stepping over it drops nothing else.
    """
    share = random.random()  # noqa: S311
    half = claimed.entries[: len(claimed.entries) // 2]
    if not (half and answer.is_about_content and claimed.attempt >= TRIED_WHOLE):
        wait = retry_delay(claimed.attempt, share=share, requested=answer.retry_after)
        return wait, {"attempts": F("attempts") + 1}
    attempts = 0 if len(half) == 1 else TRIED_WHOLE - 1
    wait = retry_delay(1, share=share, requested=answer.retry_after)
    return wait, {"attempts": attempts, "batch_to": half[-1].position}


def response_summary(answer: WebhookResponse) -> dict[str, object]:
    """Return an answer as the log keeps it."""
    return {
        "outcome": answer.outcome,
        "status": answer.status,
        "duration_ms": int(answer.duration.total_seconds() * 1000),
        "excerpt": answer.excerpt,
        "problem": answer.problem,
    }


@unit_of_work
def forget_old_deliveries(*, now: datetime) -> int:
    """Forget the log of calls after a month; return how many lines."""
    old = now - timedelta(days=settings.WEBHOOK_LOG_DAYS)
    forgotten, _ = WebhookDelivery.objects.filter(at__lt=old).delete()
    return forgotten


@inside_unit_of_work
def _give_up(claimed: DeliveryBatch, answer: WebhookResponse, *, now: datetime) -> None:
    """Disable an endpoint that has failed for days, or wants no more, and tell its organisation."""
    endpoint = WebhookEndpoint.objects.get(pk=claimed.endpoint_id)
    patience = timedelta(days=settings.WEBHOOK_GIVES_UP_AFTER_DAYS)
    if not answer.is_final and now - (endpoint.failing_since or now) < patience:
        return
    reason = (
        "Its address answered 410: it wants no more."
        if answer.is_final
        else f"Nothing could be delivered for {settings.WEBHOOK_GIVES_UP_AFTER_DAYS:g} days."
    )
    if answer.is_about_content and len(claimed.entries) == 1:
        place = claimed.entries[0].position
        reason += f" It refuses the event at position {place}. To step over it, deliver again after {place}."
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        state=State.DISABLED, state_at=now, state_reason=reason
    )
    facts = {"webhook": reference_of(endpoint.pk, "webhook"), "name": endpoint.name, "reason": reason}
    at = clock.now()
    journal.publish_entries(EntryKind.WEBHOOK_DISABLED, parties=[endpoint.organisation_id], at=at, data=facts)
    by = _scope_of(endpoint.organisation_id)
    journal.record("webhook.disabled", subject=f"webhook:{endpoint.pk}", by=by, at=at, facts=facts)
    log.warning("webhook.disabled", webhook=endpoint.pk, reason=reason)


def _scope_of(organisation_id: int) -> Scope:
    organisation = Organisation.objects.get(pk=organisation_id)
    return Scope(organisation_id=organisation_id, kind=OrganisationKind(organisation.kind), name="the portal")


def _endpoints_due(*, now: datetime) -> int:
    return int(sql.fetch_one("notifications", "count_endpoints_due", now=now).n)


def _pings_waiting() -> int:
    waiting = WebhookDelivery.objects.filter(is_ping=True, outcome=WebhookDelivery.Outcome.WAITING)
    return len(waiting.values_list("pk", flat=True)[:LANES])


def _lane(until: float, counts: list[int]) -> None:
    try:
        counts.append(_deliver_until(until))
    finally:
        connections.close_all()


def _deliver_until(until: float) -> int:
    calls = 0
    while time.monotonic() < until:
        try:
            if not (send_ping(now=clock.wall()) or deliver_next(now=clock.wall())):
                break
        except Exception:
            log.exception("webhook.failed")
            connection.close()
            break
        calls += 1
    return calls
