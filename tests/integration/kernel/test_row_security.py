"""The second lock: what the database shows a request, whatever its queries leave out (ADR 17)."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from portal import stores
from portal.events import journal
from portal.events.kinds import EntryKind
from portal.events.sequencer import sequence_all
from portal.identity.tenants import TenantMiddleware
from portal.kernel import sql, tenancy
from portal.kernel.row_security import row_policies
from portal.kernel.transactions import unit_of_work
from rollouts.models import HubLabel, SavedView
from rollouts.queries.estate.keyset import FIRST, LAST, EstateFilter, selection_of
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]
WITHOUT_POLICY = {
    "identity_apiclient": "says who a system is: read before anybody is known",
    "identity_marketparticipant": "who is who in the industry: read before anybody is known",
    "identity_provendomain": "says whose people log in where: read before anybody is known",
    "identity_servicetoken": "says who a system is: read before anybody is known",
    "identity_singlesignon": "says whose people log in where: read before anybody is known",
    "identity_user": "says who a person is: read before anybody is known",
    "identity_useridentifier": "who is who in the industry: read before anybody is known",
    "rollouts_csp_alert_batch": "a CSP's calls: no request of a Supplier reads them",
    "rollouts_cspchannel": "which CSP serves a region: known to all",
    "rollouts_estateimport": "files of the inventory: the DCC's alone",
    "rollouts_import_file": "files of the inventory: the DCC's alone",
    "rollouts_sign_off": "signatures on decisions that everybody is told of",
    "rollouts_sign_off_requirement": "who must sign: known to all",
    "rollouts_unmatchedalert": "what fits no hub: no request of a Supplier reads it",
}
"""Tables that name an organisation and are shown to all requests, with the reason."""
NAMING = {"organisation_id", "party_id", "csp_id", "import_supplier_id", "gas_supplier_id"}
CROSSINGS = {
    "rollouts/queries/governance/incidents.py": 1,  # how the report stands into which one was merged
    "notifications/stream/reading.py": 1,
    "portal/health.py": 1,
    "portal/metrics.py": 1,
    "rollouts/services/pilots/propose.py": 1,
}
"""Where a request looks at rows of everybody, and how often."""


@pytest.fixture(autouse=True)
def _roles_apart(database_urls):
    if database_urls.application == database_urls.owner:
        pytest.skip("DATABASE_URL names one role")


@pytest.fixture
def rollout(world, now):
    """A rollout, and something of each organisation's own."""
    made = make_rollout(world, now=now)
    for number, party in enumerate((world.dcc, world.supplier, world.other), start=1):
        SavedView.objects.create(
            organisation_id=party.pk, owner_id=number, owner_name="A", name="mine", created_at=now
        )
        HubLabel.objects.create(organisation_id=party.pk, label="mine", guid=world.guid(0))
    parties = [world.dcc.pk, world.supplier.pk, world.other.pk]
    unit_of_work(journal.publish_entries)(EntryKind.ROLLOUT_NOTIFIED, parties=parties, at=now, data={})
    sequence_all()
    unit_of_work(journal.publish_entries)(EntryKind.ROLLOUT_NOTIFIED, parties=parties, at=now, data={})
    return made


@pytest.fixture
def another():
    """A connection of its own, as a thread of the portal has it."""
    own = connection.copy()
    yield own
    own.close()


def locked(columns: set[str]) -> set[str]:
    """Name the tables with policies that have these columns."""
    return {
        model._meta.db_table
        for model in apps.get_models()
        if columns <= {field.column for field in model._meta.concrete_fields}
    } & row_policies().keys()


def count(table: str, condition: str = "true", **params: object) -> int:
    return sql.rows(f"SELECT count(*) AS n FROM {table} WHERE {condition}", params)[0].n


def role_of(other) -> str:
    with other.cursor() as cursor:
        cursor.execute(
            "SELECT current_user || ' ' || coalesce(current_setting('portal.organisation', true), '')"
        )
        return cursor.fetchone()[0].strip()


def test_every_table_that_names_an_organisation_has_policies_or_a_reason():
    naming = {
        model._meta.db_table
        for model in apps.get_models()
        if NAMING & {field.column for field in model._meta.concrete_fields}
    }

    assert naming - row_policies().keys() == WITHOUT_POLICY.keys()


def test_every_policy_is_on_in_the_database():
    on = {row.name for row in sql.rows("SELECT relname AS name FROM pg_class WHERE relrowsecurity")}

    assert on == row_policies().keys()


def test_requests_have_roles_that_log_in_nowhere_and_pass_no_policy():
    roles = sql.rows(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = ANY(%(roles)s)",
        {"roles": list(tenancy.REQUEST_ROLES)},
    )

    assert [tuple(role) for role in roles] == [(False,) * 4] * len(tenancy.REQUEST_ROLES)


def test_until_it_is_known_who_asks_no_row_is_seen(rollout):
    rows = {table: count(table) for table in row_policies()}

    with tenancy.acting_as(tenancy.NOBODY):
        seen = {table: count(table) for table in row_policies()}

    assert {table for table, n in rows.items() if n} >= {
        "rollouts_hub", "rollouts_target", "rollouts_tally_state", "rollouts_tally_plan", "rollouts_estate_tally",
        "rollouts_saved_view", "rollouts_hublabel", "events_feed_entry", "events_feed_outbox",
    }  # fmt: skip
    assert set(seen.values()) == {0}


@pytest.mark.parametrize("seat", ["as_supplier", "as_other", "as_third"])
def test_a_query_that_names_nobody_shows_a_supplier_its_own_rows_alone(world, rollout, seat):
    scope = getattr(world, seat)
    own = scope.organisation_id
    pair = "%(own)s IN (coalesce(import_supplier_id, 0), coalesce(gas_supplier_id, 0))"
    conditions = dict.fromkeys(locked({"import_supplier_id", "gas_supplier_id"}), pair)
    conditions |= dict.fromkeys(locked({"organisation_id"}) - {"events_event"}, "organisation_id = %(own)s")
    conditions |= dict.fromkeys(locked({"party_id"}), "party_id = %(own)s")
    expected = {table: count(table, condition, own=own) for table, condition in conditions.items()}

    with tenancy.acting_as(scope.tenant):
        seen = {table: count(table) for table in conditions}

    assert seen == expected
    assert sum(seen.values()) < sum(count(table) for table in conditions)


def test_an_operator_sees_every_hub_and_nothing_that_belongs_to_a_supplier(world, rollout):
    own = {"rollouts_saved_view", "rollouts_hublabel", "events_feed_entry"}

    with tenancy.acting_as(world.operator.tenant):
        hubs, targets = count("rollouts_hub"), count("rollouts_target")
        seen = {table: count(table) for table in own}

    assert (hubs, targets) == (world.hubs, world.hubs)
    assert set(seen.values()) == {1}


def test_a_csp_sees_hubs_of_the_regions_it_serves(world, rollout):
    with tenancy.acting_as(world.as_csp.tenant):
        served = count("rollouts_hub")
    sql.run("UPDATE rollouts_hub SET region = 9 WHERE guid = %(guid)s", {"guid": world.guid(0)})
    with tenancy.acting_as(world.as_csp.tenant):
        left = count("rollouts_hub")

    assert (served, left) == (world.hubs, world.hubs - 1)


def test_what_becomes_of_a_hub_that_is_handed_over_is_seen_by_who_takes_it(world, rollout):
    with tenancy.acting_as(world.as_supplier.tenant):
        before = count("rollouts_hub", "guid = %(guid)s", guid=world.guid(0))
    sql.run(
        "UPDATE rollouts_hub SET import_supplier_id = %(to)s, gas_supplier_id = %(to)s WHERE guid = %(guid)s",
        {"to": world.third.pk, "guid": world.guid(0)},
    )
    with tenancy.acting_as(world.as_supplier.tenant):
        lost = count("rollouts_hub", "guid = %(guid)s", guid=world.guid(0))
    with tenancy.acting_as(world.as_third.tenant):
        taken = count("rollouts_hub", "guid = %(guid)s", guid=world.guid(0))

    assert (before, lost, taken) == (1, 0, 1)


def plan_of(scope, filters) -> str:
    selection = selection_of(scope, filters)
    bounds = {"first": FIRST, "last": LAST, "bound": 1000, "size": 50}
    walk = selection.statement("estate_walk", "ASC")
    with tenancy.acting_as(scope.tenant):
        rows = sql.rows(sql.Sql(f"EXPLAIN {walk.text}", walk.params), {**selection.params, **bounds})
    return "\n".join(row[0] for row in rows)


@pytest.mark.hubs(20_000)
@pytest.mark.parametrize("search", ["", "*00-07"])
def test_a_policy_keeps_no_query_from_its_index(world, search):
    for table in ("rollouts_hub", "rollouts_cspchannel"):
        sql.analyze(table)

    plan = plan_of(world.as_supplier, EstateFilter(search=search))

    assert "Seq Scan on rollouts_hub" not in plan, plan


@pytest.mark.hubs(60)
def test_hubs_that_end_so_are_given_to_their_suppliers_alone(world):
    ending = "SELECT rollouts_hubs_ending(%(guid)s & 65535, 65535) AS guid"
    guid = {"guid": world.guid(17)}
    guids = {}

    for seat in ("as_supplier", "as_other", "operator"):
        with tenancy.acting_as(getattr(world, seat).tenant):
            guids[seat] = [row.guid for row in sql.rows(ending, guid)]
    with tenancy.acting_as(tenancy.NOBODY):
        guids["nobody"] = [row.guid for row in sql.rows(ending, guid)]

    own = [world.guid(17)]
    assert guids == {"as_supplier": [], "as_other": own, "operator": own, "nobody": []}


REFUSED = {
    "write for another": "INSERT INTO rollouts_hublabel (organisation_id, label, guid) VALUES (%(other)s, 'x', 1)",
    "hand a row to another": "UPDATE rollouts_saved_view SET organisation_id = %(other)s",
    "read a part by its name": "SELECT 1 FROM rollouts_target_{rollout}",
    "read a month by its name": "SELECT 1 FROM events_feed_entry_rest",
    "copy past the policies": "COPY rollouts_hub (guid) FROM STDIN",
    "rewrite a fact": "UPDATE events_event SET facts = '{{}}'",
    "take an entry back": "DELETE FROM events_feed_entry",
    "switch the lock off": "ALTER TABLE rollouts_hub DISABLE ROW LEVEL SECURITY",
    "make a part": "SELECT rollouts_make_target_partition(1)",
    "read where migrations stand": "SELECT 1 FROM django_migrations",
}


@pytest.mark.parametrize("act", REFUSED)
def test_a_request_of_a_supplier_may_not(world, rollout, act):
    statement = REFUSED[act].format(rollout=rollout.pk)

    with tenancy.acting_as(world.as_supplier.tenant):
        connection.ensure_connection()
        # As the portal would: what a test issues through Django is let past what the application may not do.
        with pytest.raises(psycopg.Error), connection.connection.transaction():
            connection.connection.execute(statement, {"other": world.other.pk})


def test_changing_everything_changes_ones_own_alone(world, rollout):
    with tenancy.acting_as(world.as_supplier.tenant):
        touched = sql.run("UPDATE rollouts_saved_view SET name = 'changed'")
        gone = sql.run("DELETE FROM rollouts_hublabel")

    assert (touched, gone) == (1, 1)
    assert count("rollouts_saved_view", "name = 'mine'") == count("rollouts_hublabel") == 2


def test_a_new_connection_acts_for_whom_the_lost_one_did(world, another):
    own = world.as_supplier.tenant

    with tenancy.acting_as(own):
        before = role_of(another)
        another.close()
        after = role_of(another)

    assert before == after == f"portal_supplier {own.organisation_id}"
    assert role_of(another) == connection.settings_dict["USER"]


def test_what_is_rolled_back_is_said_again(world, another):
    own = world.as_supplier.tenant

    with tenancy.acting_as(own):
        role_of(another)
        another.set_autocommit(False)
        with tenancy.crossing():
            role_of(another)
        another.rollback()
        after = role_of(another)
        another.rollback()
        another.set_autocommit(True)

    assert after == f"portal_supplier {own.organisation_id}"


def test_the_pool_clears_for_whom_a_connection_acted(world, settings):
    pooled = connection.copy()
    pooled.settings_dict = {
        **connection.settings_dict,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {**connection.settings_dict["OPTIONS"], "pool": stores.pool(1)},
    }
    try:
        with tenancy.acting_as(world.as_supplier.tenant):
            acted = role_of(pooled)
            pooled.close()
        with pooled.pool.connection() as raw:
            handed_out = raw.execute("SELECT current_user, current_setting('portal.organisation')").fetchone()
    finally:
        pooled.close_pool()

    assert acted.startswith("portal_supplier ")
    assert handed_out == (connection.settings_dict["USER"], "")


def test_what_is_streamed_after_a_request_is_for_who_asked(world):
    def respond(request: HttpRequest) -> StreamingHttpResponse:
        tenancy.become(world.as_other.tenant)
        return StreamingHttpResponse(role_of(connection) for _ in range(2))

    answer = TenantMiddleware(respond)(HttpRequest())
    between = role_of(connection)
    blocks = [block.decode() for block in answer.streaming_content]

    assert blocks == [f"portal_supplier {world.other.pk}"] * 2
    assert between == connection.settings_dict["USER"]


def test_nobody_becomes_somebody_outside_of_a_request(world):
    tenancy.become(world.as_other.tenant)

    assert tenancy.current() is None


def test_a_request_begins_for_nobody_and_its_worker_ends_as_before(world):
    def respond(request: HttpRequest) -> HttpResponse:
        return HttpResponse(role_of(connection))

    assert TenantMiddleware(respond)(HttpRequest()).content.decode() == "portal_web"
    assert role_of(connection) == connection.settings_dict["USER"]


def test_rows_of_everybody_are_looked_at_in_few_places():
    places = {}
    for package in ("portal", "rollouts", "notifications", "demo"):
        for path in (ROOT / package).rglob("*.py"):
            if n := len(re.findall(r"tenancy\.crossing\(\)|acting_as\(None\)", path.read_text())):
                places[str(path.relative_to(ROOT))] = n

    assert places.pop("portal/kernel/tenancy.py") == 1
    assert places == CROSSINGS


def test_migrating_where_the_roles_of_requests_are_missing_says_what_to_run(monkeypatch):
    from portal.events import rights

    monkeypatch.setattr(tenancy, "REQUEST_ROLES", ("portal_web", "portal_unknown"))

    with pytest.raises(
        RuntimeError, match=r"portal_unknown are missing\. Run deploy/postgres/request-roles\.sql"
    ):
        rights._check_roles()
