"""Rules in words: a sentence for each, and the difference between two versions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.rules.criteria import (
    ChangeKind,
    Criteria,
    Subject,
    differences,
    explain,
    parse,
)
from tests.factories.criteria import trees

NORTH = {"field": "region", "op": "=", "value": "NORTH"}
FEW_DEVICES = {"field": "han_devices", "op": "<", "value": 4}


def hub_rule(document: object) -> Criteria:
    return parse(document, subject=Subject.HUB)


class TestExplaining:
    @pytest.mark.parametrize("subject", Subject)
    @given(data=st.data())
    def test_every_rule_has_a_sentence(self, subject, data):
        sentence = explain(parse(data.draw(trees(subject)), subject=subject))

        assert sentence.endswith(".")
        assert sentence[0].isupper()

    @pytest.mark.parametrize(
        ("document", "sentence"),
        [
            ({"all": []}, "Every hub."),
            (NORTH, "Hubs where region is North."),
            (
                {
                    "all": [
                        {"field": "region", "op": "in", "value": ["NORTH", "SOUTH", "SMETS1"]},
                        FEW_DEVICES,
                    ]
                },
                "Hubs where region is North, South or SMETS1 and number of HAN devices is less than 4.",
            ),
            (
                {
                    "all": [
                        NORTH,
                        {"any": [FEW_DEVICES, {"not": {"field": "postcode_area", "op": "is_missing"}}]},
                    ]
                },
                "Hubs where region is North and (number of HAN devices is less than 4 or not (postcode area is not known)).",
            ),
            (
                {"field": "installed_on", "op": "between", "value": ["2026-01-01", "2026-02-28"]},
                "Hubs where installation date is from 1 January 2026 to 28 February 2026.",
            ),
            (
                {"field": "commissioned_on", "op": "older_than_days", "value": 1},
                "Hubs where commissioning date is more than 1 day ago.",
            ),
            (
                {"field": "label", "op": "not_in", "value": ["friendly"]},
                "Hubs where your labels do not include friendly.",
            ),
            (
                {"field": "version", "op": "not_in", "value": ["A", "B"]},
                "Hubs where current firmware version is neither A nor B.",
            ),
            (
                {"any": [{"field": "supply", "op": "not_in", "value": ["SPLIT"]}]},
                "Hubs where supply is not Two Suppliers.",
            ),
        ],
    )
    def test_a_rule_reads_as_a_person_would_say_it(self, document, sentence):
        assert explain(hub_rule(document)) == sentence

    def test_units_are_said(self):
        rate = {"field": "pilot_success_rate", "op": ">=", "value": 98.5}

        assert (
            explain(parse(rate, subject=Subject.RELEASE))
            == "Releases where pilot success rate is at least 98.5%."
        )


class TestDifferences:
    @given(document=trees(), dice=st.randoms(use_true_random=False))
    def test_two_versions_of_one_meaning_do_not_differ(self, document, dice: random.Random):
        criteria = hub_rule(document)
        shuffled = criteria.document
        for group in ("all", "any"):
            dice.shuffle(shuffled.get(group, []))

        assert differences(criteria, hub_rule(shuffled)) == ()

    @given(before=trees(), after=trees())
    def test_two_versions_differ_exactly_when_their_digests_do(self, before, after):
        older, newer = hub_rule(before), hub_rule(after)

        assert bool(differences(older, newer)) is (older.digest != newer.digest)

    def test_added_removed_and_changed_parts_are_told_apart(self):
        version = {"field": "version", "op": "=", "value": "0C220000"}
        before = {"all": [NORTH, version, {"any": [FEW_DEVICES]}]}
        after = {"all": [{"any": [FEW_DEVICES, NORTH]}, {**NORTH, "value": "SOUTH"}, {"not": version}]}

        changes = differences(hub_rule(before), hub_rule(after))

        assert [(c.kind, c.path, c.before, c.after) for c in changes] == [
            (ChangeKind.ADDED, "/all/0/any/1", "", "region is North"),
            (ChangeKind.CHANGED, "/all/1", "region is North", "region is South"),
            (ChangeKind.REMOVED, "/all/1", "current firmware version is 0C220000", ""),
            (ChangeKind.ADDED, "/all/2", "", "not (current firmware version is 0C220000)"),
        ]
