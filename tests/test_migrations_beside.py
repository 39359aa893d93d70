"""Each migration is safe while the release before runs on, and while people work."""

from __future__ import annotations

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from tests.migration_safety import problems_of

#: The last migrations from before the first release: nothing ran beside them.
FIRST = {
    "events": "0005",
    "identity": "0008",
    "kernel": "0003",
    "notifications": "0008",
    "recurring": "0001",
    "rollouts": "0037",
}
#: Why a migration may do what others may not, by its app and name. To drop what no release uses any more is one.
ALLOWED: dict[tuple[str, str], str] = {}

UNSAFE = {
    "a column is dropped": migrations.RemoveField("thing", "name"),
    "a table is dropped": migrations.DeleteModel("thing"),
    "a column is renamed": migrations.RenameField("thing", "name", "title"),
    "a table is renamed": migrations.RenameModel("thing", "matter"),
    "a column is needed": migrations.AddField("thing", "size", models.IntegerField(default=0)),
    "a column may be empty no longer": migrations.AlterField("thing", "at", models.DateTimeField()),
    "a text is shorter": migrations.AlterField("thing", "name", models.CharField(max_length=10)),
    "a number becomes a text": migrations.AlterField("thing", "count", models.TextField()),
    "a value is to be unique": migrations.AlterField("thing", "count", models.IntegerField(unique=True)),
    "an index keeps writers out": migrations.AddIndex("thing", models.Index(fields=["at"], name="by_at")),
    "all rows are checked": migrations.AddConstraint(
        "thing", models.CheckConstraint(condition=models.Q(count__gt=0), name="counts")
    ),
    "nobody knows how long": migrations.RunPython(migrations.RunPython.noop),
    "dropped in SQL": migrations.RunSQL("ALTER TABLE rollouts_thing DROP COLUMN name"),
    "renamed in SQL": migrations.RunSQL("ALTER TABLE rollouts_thing RENAME name TO title"),
    "another type in SQL": migrations.RunSQL("ALTER TABLE rollouts_thing ALTER COLUMN count TYPE bigint"),
    "an index in SQL": migrations.RunSQL("CREATE INDEX by_at ON rollouts_thing (at)"),
    "rows changed in SQL": migrations.RunSQL("UPDATE rollouts_thing SET count = 0"),
}
SAFE = {
    "a column that may be empty": migrations.AddField("thing", "size", models.IntegerField(null=True)),
    "a column the database fills": migrations.AddField("thing", "size", models.IntegerField(db_default=0)),
    "a longer text": migrations.AlterField("thing", "name", models.CharField(max_length=80)),
    "another word for people": migrations.AlterField(
        "thing", "count", models.IntegerField(help_text="how many")
    ),
    "an index beside the writers": AddIndexConcurrently("thing", models.Index(fields=["at"], name="by_at")),
    "a function that changes rows when it is called": migrations.RunSQL(
        "CREATE FUNCTION empty() RETURNS void LANGUAGE sql AS $$ DELETE FROM rollouts_thing $$"
    ),
    "a table of its own, with an index": migrations.RunSQL(
        "CREATE TABLE own (n int); CREATE INDEX by_n ON own (n)"
    ),
}


def problems(operation):
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=40)),
        ("at", models.DateTimeField(null=True)),
        ("count", models.IntegerField(default=0)),
    ]
    state = ProjectState({("rollouts", "thing"): ModelState("rollouts", "Thing", fields)})
    migration = migrations.Migration("9999_thing", "rollouts")
    migration.operations = [operation]
    return problems_of(migration, state)


@pytest.mark.parametrize("operation", UNSAFE.values(), ids=UNSAFE)
def test_what_would_break_the_release_before_or_hold_people_up_is_found(operation):
    assert len(problems(operation)) == 1


@pytest.mark.parametrize("operation", SAFE.values(), ids=SAFE)
def test_what_harms_nobody_is_let_through(operation):
    assert problems(operation) == []


def test_no_migration_breaks_the_release_before_or_locks_a_table_for_long():
    loader = MigrationLoader(None)
    later = {
        (app, name): migration
        for (app, name), migration in loader.disk_migrations.items()
        if app in FIRST and name[:4] > FIRST[app]
    }

    by_key = {
        key: problems_of(migration, loader.project_state(key, at_end=False))
        for key, migration in later.items()
    }

    assert {key: what for key, what in by_key.items() if what and key not in ALLOWED} == {}
    assert {key for key in ALLOWED if not by_key[key]} == set()
