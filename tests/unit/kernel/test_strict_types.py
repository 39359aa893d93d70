"""A value of JSON has the type described, also as an item of a list."""

from __future__ import annotations

import pytest
from rest_framework import serializers

from portal.rest.fields import QUERY, StrictSerializer


class EverySerializer(StrictSerializer):
    """A member of each kind whose type the framework would change."""

    text = serializers.CharField(required=False, allow_null=True)
    number = serializers.IntegerField(required=False)
    share = serializers.FloatField(required=False)
    flag = serializers.BooleanField(required=False)
    texts = serializers.ListField(child=serializers.CharField(), required=False)
    numbers = serializers.ListField(child=serializers.IntegerField(), required=False)
    by_name = serializers.DictField(child=serializers.CharField(), required=False)


@pytest.mark.parametrize(
    "body",
    [
        {"text": "5", "number": 5, "share": 1, "flag": False},
        {"text": None},
        {"texts": ["a", "0"], "numbers": [0, 7], "by_name": {"a": "b"}},
        {"texts": [], "by_name": {}},
    ],
)
def test_what_is_described_is_taken(body):
    serializer = EverySerializer(data=body)

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == body


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", 5),
        ("text", True),
        ("number", "5"),
        ("number", True),
        ("number", 5.0),
        ("share", "0.5"),
        ("flag", 0),
        ("flag", "no"),
        ("texts", [0]),
        ("texts", ["a", True]),
        ("texts", "a"),
        ("texts", [["a"]]),
        ("numbers", ["5"]),
        ("numbers", [False]),
        ("by_name", {"a": 1}),
        ("by_name", ["a"]),
    ],
)
def test_another_type_is_refused_by_the_name_of_its_member(name, value):
    serializer = EverySerializer(data={name: value})

    assert not serializer.is_valid()
    assert list(serializer.errors) == [name]


def test_in_a_query_all_is_text():
    serializer = EverySerializer(data={"number": "5", "flag": "false"}, context={QUERY: True})

    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"number": 5, "flag": False}
