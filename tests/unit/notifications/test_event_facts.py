"""Facts of entries are described, kind by kind, and are what is sent."""

from __future__ import annotations

import jsonschema
import pytest

from notifications.envelopes import PING, TYPE_PREFIX, ping_event
from notifications.facts import FACTS, MEMBERS, facts_of
from portal.events.kinds import EntryKind
from portal.rest.description import openapi_document
from tests.notice_examples import EXAMPLES


def schema_of(name):
    return {"$ref": f"#/components/schemas/{name}", "components": openapi_document()["components"]}


@pytest.mark.parametrize("kind", sorted(EXAMPLES), ids=lambda kind: kind.public_name)
def test_what_is_sent_is_described(kind):
    described = openapi_document()["components"]["schemas"]["EventFactsByKind"]["properties"]
    name = described[TYPE_PREFIX + kind.public_name]["$ref"].rpartition("/")[2]

    for example in EXAMPLES[kind]:
        assert example.facts.keys() <= set(facts_of(kind))
        jsonschema.validate(dict(example.facts), schema_of(name))
        jsonschema.validate(dict(example.facts), schema_of("EventFacts"))


def test_every_fact_belongs_to_a_kind_and_has_words():
    used = {name for kind in EntryKind for name in facts_of(kind)}

    assert used == set(MEMBERS)
    assert all(isinstance(hint.__metadata__[0], str) for hint in MEMBERS.values())
    assert set(FACTS) <= set(EntryKind)


def test_the_test_event_is_a_whole_event_of_a_described_kind():
    import orjson

    from portal.kernel import clock

    event = orjson.loads(orjson.dumps(ping_event(3, ident="msg-1", now=clock.now())))

    jsonschema.validate(event, schema_of("Event"))
    words = openapi_document()["components"]["schemas"]["Event"]["properties"]["type"]["x-extensible-enum"]
    assert event["type"] == TYPE_PREFIX + PING
    assert event["type"] in words
