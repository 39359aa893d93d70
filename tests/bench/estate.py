"""Who and what the measures speak of: parties, the estate, a rollout and its hubs, and everything forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from hubsim.reference import reference_data
from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel import clock, sql
from rollouts import services
from rollouts.models import CplEntry, Rollout
from tests.bench.stage import CSP_SECRETS, CSP_TOKEN, Stage

#: The model with the most hubs, and the version that most of them may go to.
MODEL: Final = "10000201"
VERSION: Final = "01180000"
#: The Supplier with the largest share of the estate.
LARGEST: Final = "Ambergate Energy"

FORGOTTEN: Final = (
    "rollouts_rollout",
    "rollouts_tally_state",
    "rollouts_tally_plan",
    "rollouts_command",
    "rollouts_hub_in_flight",
    "rollouts_hub_history",
    "rollouts_csp_alert",
    "rollouts_csp_alert_batch",
    "rollouts_unmatchedalert",
    "events_feed_outbox",
    "events_feed_entry",
    "events_feed_head",
)


@dataclass(frozen=True, slots=True)
class People:
    """Who acts in the measures."""

    operator: User
    analyst: User

    @property
    def as_operator(self) -> Scope:
        """The scope of the DCC operator."""
        return Scope.of(self.operator)

    @property
    def as_supplier(self) -> Scope:
        """The scope of the largest Supplier's analyst."""
        return Scope.of(self.analyst)


def load_reference(stage: Stage) -> None:
    """Load parties, models, the CPL and the channels, as an installation does."""
    services.load_reference(
        reference_data(seed=1),
        csps=services.CspAccess(
            base_url=f"http://127.0.0.1:{stage.simulator_port}", token=CSP_TOKEN, secrets=CSP_SECRETS
        ),
        now=clock.now(),
    )


def is_there(stage: Stage) -> bool:
    """Return whether the estate of an earlier run can be used again."""
    return count("SELECT count(*) FROM rollouts_hub") == stage.hubs


def load(stage: Stage) -> None:
    """Load the estate, unless it is measured anyway."""
    sql.run("TRUNCATE rollouts_hub, rollouts_estate_tally")
    with stage.estate_csv().open("rb") as file:
        report = services.load_estate(people().as_operator, source=file, now=clock.now())
    assert report.refused == 0
    sql.run("VACUUM ANALYZE rollouts_hub")


def concentrate(party_id: int, *, hubs: int) -> int:
    """Move so many hubs to one Supplier, all of the measured model and fit for its rollout; return how many.

    One in eight keeps the Gas Supplier it has, so that there are second Suppliers as in the estate.
    """
    forget_rollouts()
    entry = CplEntry.objects.get(device_model__model=MODEL, firmware_version=VERSION)
    moved = sql.run(
        """
        UPDATE rollouts_hub AS hub
           SET device_model_id = %(model)s, cpl_entry_id = %(runs)s, smi_status = 4, import_supplier_id = %(party)s,
               gpf_cpl_entry_id = CASE WHEN hub.gpf_guid IS NULL THEN NULL ELSE %(runs)s::int END,
               region = CASE WHEN hub.region IN (2, 3) THEN hub.region ELSE 2 + (hub.guid & 1) END,
               gas_supplier_id = CASE WHEN hub.guid & 7 = 0 THEN hub.gas_supplier_id ELSE %(party)s END
          FROM (SELECT guid FROM rollouts_hub ORDER BY guid LIMIT %(hubs)s) AS chosen
         WHERE hub.guid = chosen.guid
        """,
        {
            "model": entry.device_model_id,
            "runs": entry.allowed_predecessor_ids[-1],
            "party": party_id,
            "hubs": hubs,
        },
    )
    sql.run("VACUUM FULL ANALYZE rollouts_hub")
    return moved


def people() -> People:
    """Return a DCC operator and an analyst of the largest Supplier."""
    return People(
        operator=_person(Organisation.objects.get(kind=OrganisationKind.DCC), Role.DCC_OPERATOR),
        analyst=_person(Organisation.objects.get(name=LARGEST), Role.SUPPLIER_ANALYST, Role.SUPPLIER_ADMIN),
    )


def session_of(user: User) -> httpx.Cookies:
    """Log somebody in, without the form; return the cookies."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["second-factor-enrolled"] = user.pk
    session.create()
    cookies = httpx.Cookies()
    for name, value in (("portal_session", str(session.session_key)), ("csrftoken", "b" * 32)):
        cookies.set(name, value, domain="127.0.0.1")
    return cookies


def draft(who: People, *, now: datetime, has_pilot: bool = False, days: int = 120) -> int:
    """Draft the rollout of the largest model; return the rollout's id."""
    entry = CplEntry.objects.get(device_model__model=MODEL, firmware_version=VERSION)
    rollout = services.draft_rollout(
        who.as_operator,
        name=f"{MODEL} {VERSION}",
        cpl_entry_id=entry.pk,
        kind="SEC_RELEASE",
        severity="MAJOR",
        priority="P2",
        automatic_at=now + timedelta(days=days),
        release_note_url="https://sharepoint.example/notes/1",
        has_pilot=has_pilot,
        now=now,
    )
    return rollout.pk


def publish(who: People) -> Rollout:
    """Publish the rollout of the largest model afresh, and forget all rollouts before it."""
    forget_rollouts()
    now = clock.now()
    rollout_id = draft(who, now=now)
    services.notify_rollout(who.as_operator, rollout_id=rollout_id, now=now)
    settle()
    return Rollout.objects.select_related("cpl_entry").get(pk=rollout_id)


def forget_rollouts() -> None:
    """Forget every rollout and what came of it; hubs run again what they ran before."""
    for row in sql.rows(
        "SELECT inhrelid::regclass::text AS name, substring(inhrelid::regclass::text FROM '[0-9]+$')::int AS id"
        "  FROM pg_inherits WHERE inhparent = 'rollouts_target'::regclass"
    ):
        put_back(row.name)
        sql.run(f"DROP TABLE {row.name}")
    sql.run(f"TRUNCATE {', '.join(FORGOTTEN)} CASCADE")


def put_back(partition: str) -> None:
    """Let the hubs of a rollout run the version they had before it."""
    moved = sql.run(
        f"UPDATE rollouts_hub AS hub SET cpl_entry_id = t.from_cpl_entry_id, gpf_cpl_entry_id ="
        f" CASE WHEN hub.gpf_guid IS NULL THEN hub.gpf_cpl_entry_id ELSE t.from_cpl_entry_id END"
        f" FROM {partition} AS t WHERE t.guid = hub.guid AND hub.cpl_entry_id <> t.from_cpl_entry_id"
    )
    if moved:
        sql.run("VACUUM ANALYZE rollouts_hub")


def settle() -> None:
    """Let what went before cost the next run nothing: dead rows, statistics, dirty pages."""
    sql.run("VACUUM ANALYZE rollouts_target")
    sql.run("CHECKPOINT")


def guids_of(rollout_id: int, party_id: int, *, limit: int) -> list[int]:
    """Return the hubs of a rollout that a Supplier may instruct, in database form, in no order of theirs."""
    rows = sql.rows(
        "SELECT guid FROM rollouts_target WHERE rollout_id = %(rollout)s"
        " AND (import_supplier_id = %(party)s OR gas_supplier_id = %(party)s)"
        " ORDER BY hashint8extended(guid, 7) LIMIT %(limit)s",
        {"rollout": rollout_id, "party": party_id, "limit": limit},
    )
    return [row.guid for row in rows]


def count(query: str, **params: Any) -> int:
    """Return the number a query answers with."""
    return int(sql.rows(query, params)[0][0])


@contextmanager
def bare() -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Have a connection without Django, and without the portal's triggers, for a bare statement."""
    connection.ensure_connection()
    info = connection.connection.info
    with psycopg.connect(
        host=info.host, port=info.port, dbname=info.dbname, user=info.user, password=info.password
    ) as raw:
        raw.execute("SET session_replication_role = replica")
        raw.commit()
        yield raw


def copy_binary(raw: psycopg.Connection[Any], statement: str, block: bytes) -> None:
    """Send ready-made bytes by COPY."""
    with raw.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type] # our own text
        copy.write(block)


def drop(tables: Sequence[str]) -> None:
    """Drop tables of the bare statements."""
    sql.run(f"DROP TABLE IF EXISTS {', '.join(tables)}")


def _person(organisation: Organisation, *roles: Role) -> User:
    records = User.objects.filter(organisation=organisation).first()
    return records or User.objects.create_user(
        f"bench-{uuid4().hex[:8]}@example.org",
        None,
        name="Bench",
        organisation=organisation,
        roles=[role.value for role in roles],
    )
