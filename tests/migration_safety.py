"""What a migration may not do, as the release before goes on running beside the new tables, and nobody is to wait.

An upgrade migrates first: until the last process of the release before has ended, its statements meet the new tables.
So nothing it uses may be gone, renamed or needed; and no table that people wait for may be locked while it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

_NEVER: Final = {
    (
        migrations.RemoveField,
        migrations.DeleteModel,
        migrations.RenameField,
        migrations.RenameModel,
        migrations.AlterModelTable,
    ): "the release before may use it",
    (migrations.AddIndex,): "keeps writers out of the table while it makes an index",
    (
        migrations.AddConstraint,
        migrations.AlterUniqueTogether,
    ): "reads the whole table under a lock, and the release before may not heed it",
    (migrations.RunPython,): "nobody knows how long it takes",
}
_QUOTED: Final = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
_COMMENT: Final = re.compile(r"--[^\n]*")
_STATEMENTS: Final = {
    r"DROP\s+(TABLE|COLUMN|VIEW|FUNCTION|SEQUENCE)": "drops what the release before may use",
    r"\bRENAME\b": "renames what the release before may use",
    r"SET\s+NOT\s+NULL": "needs a column that the release before does not write",
    r"ALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE": "writes a whole table again under a lock",
    r"CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)": "keeps writers out of a table while it makes an index",
    r"\b(UPDATE\s+\w+\s+(AS\s+\w+\s+)?SET|DELETE\s+FROM|TRUNCATE)\b": "changes rows under the migration's lock",
    r"LOCK\s+TABLE": "locks a table",
}


def problems_of(migration: migrations.Migration, before: ProjectState) -> list[str]:
    """Return what one migration does that it may not; `before` is the state of models it meets."""
    state, made = before.clone(), set[str]()
    problems: list[str] = []
    for operation in _flat(migration.operations):
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        model = str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower()
        if model not in made or isinstance(operation, migrations.RunSQL):
            problems += _problems_in(operation, migration.app_label, state, made)
        operation.state_forwards(migration.app_label, state)
    return problems


def _flat(operations: Any) -> Iterator[Any]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _problems_in(operation: Any, app: str, state: ProjectState, made: set[str]) -> list[str]:
    if isinstance(operation, migrations.AddField):
        return _needed(operation)
    if isinstance(operation, migrations.AlterField):
        return _altered(operation, state.models[app, operation.model_name.lower()].fields[operation.name])
    if isinstance(operation, migrations.RunSQL):
        return _in_sql(operation.sql, made, app)
    if isinstance(operation, AddIndexConcurrently):
        return []
    return [f"{operation.describe()}: {why}" for kinds, why in _NEVER.items() if isinstance(operation, kinds)]


def _needed(operation: migrations.AddField) -> list[str]:
    field = operation.field
    if field.many_to_many or field.null or field.db_default is not NOT_PROVIDED:
        return []
    return [
        f"{operation.describe()}: the release before writes no {operation.name}; give it null or db_default"
    ]


def _altered(operation: migrations.AlterField, old: Field[Any, Any]) -> list[str]:
    new, problems = operation.field, []
    if old.null and not new.null:
        problems.append(f"{operation.describe()}: the release before may write none")
    if new.unique and not old.unique:
        problems.append(f"{operation.describe()}: reads the whole table under a lock")
    if (new.max_length or 0) < (old.max_length or 0) or _kind(old) != _kind(new):
        problems.append(f"{operation.describe()}: another type writes the whole table again under a lock")
    return problems


def _kind(field: Field[Any, Any]) -> str:
    # A longer text changes no row.
    try:
        return re.sub(r"varchar\(\d+\)|text", "text", field.db_type(connection) or "")
    except AttributeError:  # a relation whose other side this state does not have: its type is the key's
        return "relation"


def _in_sql(sql: Any, made: set[str], app: str) -> list[str]:
    text = sql if isinstance(sql, str) else "\n".join(str(part) for part in sql)
    # What stands in the body of a function runs when it is called.
    text = _COMMENT.sub("", _QUOTED.sub("''", text))
    own = {
        table.lower()
        for table in re.findall(r"CREATE\s+TABLE\s+(?:IF NOT EXISTS\s+)?(\w+)", text, re.IGNORECASE)
    }
    own |= {f"{app}_{model}" for model in made}
    problems = []
    for statement in filter(str.strip, text.split(";")):
        if any(re.search(rf"\b{table}\b", statement, re.IGNORECASE) for table in own):
            continue
        problems += [
            f"{' '.join(statement.split())[:90]}: {why}"
            for pattern, why in _STATEMENTS.items()
            if re.search(pattern, statement, re.IGNORECASE)
        ]
    return problems
