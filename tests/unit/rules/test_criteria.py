"""Rules as documents: what is refused and why, one identity for one meaning, and what they match."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts import states
from rollouts.models import DeviceModel
from rollouts.rules.criteria import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    Criteria,
    HubFacts,
    InvalidCriteria,
    Not,
    ReleaseFacts,
    Subject,
    everything,
    failing_conditions,
    fields_of,
    matches,
    matches_release,
    parse,
    read,
    vocabulary,
)
from tests.factories.criteria import CONTEXT, ME, OTHER, hubs, trees

NORTH = {"field": "region", "op": "=", "value": "NORTH"}


def hub_rule(document: object) -> Criteria:
    return parse(document, subject=Subject.HUB)


def problems_of(document: object, **options: object) -> dict[str, str]:
    _, problems = read(document, subject=Subject.HUB, **options)
    return {problem.path: problem.message for problem in problems}


class TestVocabulary:
    @pytest.mark.parametrize(
        ("choices", "enum"),
        [
            (vocabulary.REGIONS, states.Region),
            (vocabulary.SMI_STATUSES, states.SmiStatus),
        ],
    )
    def test_stored_numbers_names_and_labels_are_those_of_the_domain(self, choices, enum):
        assert [(c.code, c.stored, c.label) for c in choices] == [(e.name, e.value, e.label) for e in enum]

    @pytest.mark.parametrize(
        ("choices", "enum"),
        [
            (vocabulary.SEVERITIES, states.Severity),
            (vocabulary.PRIORITIES, states.Priority),
            (vocabulary.RELEASE_KINDS, states.ReleaseKind),
            (vocabulary.CONSENT_POLICIES, states.ConsentPolicy),
            (vocabulary.BANDS, DeviceModel.Band),
        ],
    )
    def test_codes_and_labels_are_those_of_the_domain(self, choices, enum):
        assert [(c.code, c.label) for c in choices] == list(enum.choices)

    def test_every_operator_has_words(self):
        assert all(op.label for op in vocabulary.Op)


class TestReading:
    @pytest.mark.parametrize("subject", Subject)
    @given(data=st.data())
    def test_what_is_read_is_written_back_with_the_same_meaning(self, subject, data):
        document = data.draw(trees(subject))

        criteria = parse(document, subject=subject)
        again = parse(json.loads(json.dumps(criteria.document)), subject=subject)
        canonical = parse(json.loads(criteria.canonical), subject=subject)

        assert again == criteria
        assert canonical.digest == criteria.digest
        assert canonical.canonical == criteria.canonical

    @given(
        document=st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda parts: (
                st.lists(parts)
                | st.dictionaries(
                    st.sampled_from(["all", "any", "not", "field", "op", "value", "other"]), parts
                )
            ),
        )
    )
    def test_any_document_is_read_or_refused_with_reasons(self, document):
        criteria, problems = read(document, subject=Subject.HUB)

        assert (criteria is None) == bool(problems)

    def test_every_problem_is_named_with_its_place(self):
        document = {
            "all": [
                {"field": "colour", "op": "=", "value": "red"},
                {"field": "region", "op": "<", "value": "NORTH"},
                {"field": "region", "op": "in", "value": ["NORTH", "NOWHERE"]},
                {"not": {"field": "installed_on", "op": "between", "value": ["2026-02-01", "2026-01-01"]}},
                {"any": []},
                {"field": "han_devices", "op": "=", "value": 1.5, "note": "x"},
                "north",
                {"all": [NORTH], "any": [NORTH]},
                {"field": "postcode_area", "op": "is_missing", "value": "LS"},
            ]
        }

        problems = problems_of(document)

        assert list(problems) == [
            "/all/0/field",
            "/all/1/op",
            "/all/2/value/1",
            "/all/3/not/value",
            "/all/4/any",
            "/all/5",
            "/all/5/value",
            "/all/6",
            "/all/7",
            "/all/8/value",
        ]
        assert "Choose from NORTH" in problems["/all/2/value/1"]
        assert problems["/all/3/not/value"] == "Give the smaller value first: nothing lies between these two."

    @pytest.mark.parametrize(
        ("field", "op", "value"),
        [
            ("installed_on", "before", "2026-13-01"),
            ("installed_on", "before", "20260101"),
            ("installed_on", "before", "1815-06-18"),
            ("installed_on", "older_than_days", -1),
            ("installed_on", "older_than_days", True),
            ("installed_on", "between", ["2026-01-01"]),
            ("han_devices", "=", True),
            ("han_devices", "=", "4"),
            ("han_devices", "=", -1),
            ("han_devices", "<", float("nan")),
            ("han_devices", "<", float("inf")),
            ("manufacturer", "=", ""),
            ("manufacturer", "=", "a\x00b"),
            ("manufacturer", "=", "\ud800"),
            ("manufacturer", "=", "x" * 31),
            ("manufacturer", "in", []),
            ("manufacturer", "in", "Toshiba"),
            ("manufacturer", "in", ["x"] * 201),
            ("region", "=", None),
        ],
    )
    def test_a_value_of_the_wrong_shape_is_refused(self, field, op, value):
        assert problems_of({"field": field, "op": op, "value": value})

    def test_a_value_that_never_occurs_is_refused_when_the_values_are_known(self):
        document = {"field": "version", "op": "in", "value": ["0c22 0000", "0c220000"]}

        problems = problems_of(document, known={"version": ["0C220000"]})

        assert list(problems) == ["/value/0"]

    def test_groups_nest_only_so_deep(self):
        def nested(levels: int) -> dict[str, object]:
            document: dict[str, object] = NORTH
            for _ in range(levels):
                document = {"not": document}
            return document

        assert not problems_of(nested(MAX_DEPTH))
        assert list(problems_of(nested(MAX_DEPTH + 1))) == ["/not" * MAX_DEPTH]

    def test_conditions_are_only_so_many(self):
        half = {"any": [NORTH] * (MAX_CONDITIONS // 2)}

        assert not problems_of({"all": [half, half]})
        assert "at most 60 conditions" in problems_of({"all": [half, half, NORTH]})["/all/2"]
        assert "there are 61" in problems_of({"all": [NORTH] * 61})["/all"]

    def test_a_huge_document_costs_little(self):
        document: object = NORTH
        for _ in range(MAX_DEPTH - 1):
            document = {"any": [document] * MAX_CONDITIONS}

        assert len(problems_of(document)) == 1

    def test_a_refusal_carries_its_problems_as_facts(self):
        with pytest.raises(InvalidCriteria, match="/op: Choose one of") as refused:
            hub_rule({"field": "region", "op": "~", "value": "NORTH"})

        assert refused.value.facts["problems"][0]["path"] == "/op"


class TestIdentity:
    def test_order_does_not_make_a_new_version(self):
        each = {"all": [NORTH, {"field": "version", "op": "in", "value": ["B", "A"]}]}
        other = {"all": [{"field": "version", "op": "in", "value": ["A", "B"]}, NORTH]}

        assert hub_rule(each).digest == hub_rule(other).digest
        assert hub_rule(each).document == each

    def test_the_digest_of_a_meaning_never_changes(self):
        digest = everything(Subject.HUB).digest

        assert digest == "3d7aaf07e3aea016b48bbb10a4f05c81f35b29f7534fe99bb166dd75ce1dd3da"

    def test_a_pair_of_bounds_keeps_its_order(self):
        criteria = hub_rule({"field": "han_devices", "op": "between", "value": [9, 10]})

        assert json.loads(criteria.canonical)["value"] == [9, 10]

    def test_a_rule_about_releases_is_never_one_about_hubs(self):
        document = {"field": "manufacturer", "op": "=", "value": "Toshiba"}

        assert parse(document, subject=Subject.RELEASE).digest != hub_rule(document).digest
        with pytest.raises(ValueError, match="HUB"):
            matches_release(hub_rule(document), release())


class TestMatching:
    def test_a_missing_fact_fails_a_condition_and_meets_its_contrary(self):
        hub = HubFacts(guid=1, region=1, smi_status=4)
        before = {"field": "installed_on", "op": "before", "value": "2030-01-01"}

        assert not matches(hub_rule(before), hub, CONTEXT)
        assert matches(hub_rule({"not": before}), hub, CONTEXT)
        assert not matches(hub_rule({"field": "version", "op": "!=", "value": "X"}), hub, CONTEXT)
        assert matches(hub_rule({"field": "version", "op": "is_missing"}), hub, CONTEXT)

    @pytest.mark.parametrize(
        ("imports", "gas", "supply", "role"),
        [
            (ME, ME, "SOLE", "BOTH"),
            (ME, None, "SOLE", "IMPORT"),
            (None, ME, "SOLE", "GAS"),
            (ME, OTHER, "SPLIT", "IMPORT"),
            (OTHER, ME, "SPLIT", "GAS"),
            (OTHER, OTHER, "SOLE", None),
            (None, None, None, None),
        ],
    )
    def test_supply_and_role_follow_the_registered_suppliers(self, imports, gas, supply, role):
        hub = HubFacts(guid=1, region=1, smi_status=4, import_supplier_id=imports, gas_supplier_id=gas)

        for field, expected in (("supply", supply), ("role", role)):
            codes = [choice.code for choice in fields_of(Subject.HUB)[field].choices]
            result = [
                code
                for code in codes
                if matches(hub_rule({"field": field, "op": "=", "value": code}), hub, CONTEXT)
            ]
            assert result == ([expected] if expected else [])

    def test_ages_are_counted_from_the_day_asked_about(self):
        hub = HubFacts(guid=1, region=1, smi_status=4, installed_on=date(2030, 2, 2))  # 30 days before
        older = {"field": "installed_on", "op": "older_than_days", "value": 30}

        assert not matches(hub_rule(older), hub, CONTEXT)
        assert matches(hub_rule({**older, "value": 29}), hub, CONTEXT)
        assert matches(hub_rule({**older, "op": "newer_than_days"}), hub, CONTEXT)

    @given(document=trees(), hub=hubs(1))
    def test_a_condition_and_its_contrary_never_agree(self, document, hub):
        criteria = hub_rule(document)
        contrary = Criteria(Subject.HUB, Not(criteria.root))

        assert matches(contrary, hub, CONTEXT) is not matches(criteria, hub, CONTEXT)


def release(**changes: object) -> ReleaseFacts:
    facts = ReleaseFacts(
        severity="MAJOR",
        priority="P2",
        kind="SEC_RELEASE",
        manufacturer="Toshiba",
        model="433100AC",
        version="0C230000",
        consent_policy="VOLUNTARY",
        pilot_success_rate=98.5,
        pilot_size=300,
        days_to_cutoff=40,
    )
    return dataclasses.replace(facts, **changes)


class TestReleases:
    RULE = {
        "all": [
            {"field": "severity", "op": "in", "value": ["CRITICAL", "MAJOR"]},
            {"field": "manufacturer", "op": "=", "value": "Toshiba"},
            {"field": "pilot_success_rate", "op": ">=", "value": 98.5},
            {"field": "pilot_size", "op": ">=", "value": 200},
        ]
    }

    @pytest.mark.requirement("R3.10")
    def test_a_release_that_meets_every_condition_is_approved(self):
        assert matches_release(parse(self.RULE, subject=Subject.RELEASE), release())

    @pytest.mark.requirement("R3.10")
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"severity": "MINOR"}, "severity"),
            ({"pilot_success_rate": 98.49}, "pilot_success_rate"),
            ({"pilot_success_rate": None}, "pilot_success_rate"),
            ({"pilot_size": 0}, "pilot_size"),
        ],
    )
    def test_what_kept_a_rule_from_applying_is_named(self, changes, field):
        criteria = parse(self.RULE, subject=Subject.RELEASE)

        assert not matches_release(criteria, release(**changes))
        assert [leaf.field.name for leaf in failing_conditions(criteria, release(**changes))] == [field]

    def test_nought_is_a_fact(self):
        none_left = parse({"field": "days_to_cutoff", "op": "<=", "value": 0}, subject=Subject.RELEASE)

        assert matches_release(none_left, release(days_to_cutoff=0))
        assert not matches_release(none_left, release(days_to_cutoff=None))

    @given(document=trees(Subject.RELEASE))
    def test_any_rule_gives_an_answer(self, document):
        assert matches_release(parse(document, subject=Subject.RELEASE), release()) in {True, False}
