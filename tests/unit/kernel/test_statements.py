"""Statements: files filled in with names, composed of parts."""

from __future__ import annotations

import pytest

from portal.kernel import statements
from portal.kernel.statements import Sql, WrongParts, literal, statement
from rollouts.states import FAILED_STATES, RolloutStatus, TargetState


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Stand in for an app's statements: name and text, beside what the rollouts area calls by name."""

    def statements_of(**texts):
        paths = {name: tmp_path / f"{name}.sql" for name in texts}
        for name, text in texts.items():
            paths[name].write_text(text)
        monkeypatch.setattr(statements, "statement_files", lambda app: paths)
        statements.template.cache_clear()

    yield statements_of
    statements.template.cache_clear()


def test_codes_are_written_as_literals(files):
    files(
        one="state = {TargetState.ACTIVATED}",
        several="state IN ({TargetState.CANCELLED, TargetState.ELIGIBLE})",
        a_set="state IN ({FAILED_STATES,\n           TargetState.ACTIVATED})",
    )

    assert statement("rollouts", "one").text == "state = 60"
    assert statement("rollouts", "several").text == "state IN (56, 10)"
    assert statement("rollouts", "a_set").text == "state IN (31, 41, 51, 52, 60)"


def test_a_named_piece_may_name_codes_itself(files):
    files(hubs="WHERE {SUITABLE}")

    assert "h.smi_status IN (4, 7) AND h.region <> 8" in statement("rollouts", "hubs").text


@pytest.mark.parametrize("name", ["{TargetState.GONE}", "{NO_SUCH_STATES}", "{Strange.THING}"])
def test_a_name_nobody_knows_is_refused(files, name):
    files(wrong=f"state = {name}")

    with pytest.raises(WrongParts, match=r"rollouts/wrong\.sql"):
        statement("rollouts", "wrong")


def test_every_part_is_given_and_used(files):
    files(members="SELECT guid FROM {target} WHERE {chosen}")

    with pytest.raises(WrongParts):
        statement("rollouts", "members", target="t")
    with pytest.raises(WrongParts):
        statement("rollouts", "members", target="t", chosen=Sql("true"), other=Sql("false"))


def test_a_string_is_an_identifier_and_a_piece_brings_its_parameters(files):
    files(members="SELECT guid FROM {target} WHERE {chosen} AND '{}' = %(none)s")

    complete = statement(
        "rollouts", "members", target='a"b', chosen=Sql("batch_id = %(batch)s", {"batch": 7})
    )

    assert complete.text == """SELECT guid FROM "a""b" WHERE batch_id = %(batch)s AND '{}' = %(none)s"""
    assert complete.params == {"batch": 7}


def test_braces_in_a_part_are_left_alone(files):
    files(outer="{inner}")

    assert statement("rollouts", "outer", inner=Sql("'{outer}'")).text == "'{outer}'"


def test_values_are_written_as_sql():
    assert literal(FAILED_STATES) == "31, 41, 51, 52"
    assert literal(RolloutStatus.DRAFT) == "'DRAFT'"
    assert literal("it's") == "'it''s'"
    assert literal({10: TargetState.ELIGIBLE, 20: TargetState.SCHEDULED}) == "(10, 10), (20, 20)"
    with pytest.raises(TypeError):
        literal(1.5)


def test_no_such_statement():
    with pytest.raises(KeyError):
        statement("rollouts", "no_such_statement")
