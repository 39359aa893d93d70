"""Everything that A can receive, to the byte: answers with their headers, files, feed, stream, webhooks, mail and calendar."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, Final

import httpx
import orjson
from django.core import mail
from django.test import Client

from portal.events import feed
from portal.kernel.references import reference_of
from rollouts.models import Export
from tests.api.estate.test_lost_hubs import addresses
from tests.api.systems import PREFIX
from tests.integration.streaming import FEED, streaming
from tests.proof.estates import FOREIGN, UNKNOWN, Estate

#: What is drawn by lot, or by a key from a number: each is replaced by how manieth it is, so that one that comes again
#: must come again in both estates.
_DRAWN: Final = re.compile(
    rb"I-[0-9A-HJKMNP-TV-Z]{10}|INC-[0-9A-HJKMNP-TV-Z]{8}|(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{13}(?![0-9A-Za-z])"
    rb"|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|(?<=after=)[\w-]{15,}|whsec_[\w+/=]+|msg_\w+"
    rb"|(?<=ETag: )\S+|(?<=/calendar/)[\w-]{40,}"
)
#: What is new with every answer.
_NEW_EACH_TIME: Final = re.compile(
    rb'(?im)(?<="request_id":")[^"]+|(?<=nonce-)[\w+/=-]+|(?<=nonce=")[^"]+|(?<=name="csrfmiddlewaretoken" value=")[^"]+'
    rb'|(?<="x-csrftoken": ")[^"]+|(?<=x-request-id: )\S+|(?<=csrftoken=)\w+|(?<=sessionid=)\w+|(?<=seed" value=")\d+'
    rb'|(?<="due_at":")[^"]+|(?<="ending":")[^"]+|(?<=<code>\xe2\x80\xa6)[^<]+'
    rb'|(?<="duration_ms":)\d+|(?<="Took">)\d+(?= ms)|(?<=^retry: )\d+'
    rb"|(?<=Message-ID: )\S+|={15}\d+=="
    rb'|(?<=name="once" value=")[^"]+|(?<=name="attempt" value=")[^"]+|(?<=name="token" value=")[^"]+'
)


class Record:
    """What A received, in the order in which it is recorded, without what is drawn by lot."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self._places: dict[bytes, bytes] = {}

    @property
    def size(self) -> int:
        """How many octets are compared."""
        return sum(len(content) for content in self.entries.values())

    def statuses(self) -> Counter[int]:
        """How many answers had which status."""
        heads = (content[:3] for content in self.entries.values())
        return Counter(int(head) for head in heads if head.isdigit())

    def add(self, name: str, content: bytes) -> None:
        name = self._plain(name.encode()).decode()
        assert name not in self.entries, name
        self.entries[name] = self._plain(content)

    def add_answer(self, name: str, answer: Any) -> bytes:
        """Record an answer whole: status, headers, cookies and body; returns its body.

        The length that is sent is the body's own, which holds what is drawn by lot at its own length.
        """
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.headers.get("Content-Length", str(len(body))) == str(len(body))
        sent = {key: value for key, value in answer.headers.items() if key != "Content-Length"}
        head = [f"{answer.status_code}", *(f"{key}: {value}" for key, value in sent.items())]
        head += [morsel.OutputString() for morsel in answer.cookies.values()]
        self.add(name, "\n".join(head).encode() + b"\n\n" + body)
        return bytes(body)

    def _plain(self, content: bytes) -> bytes:
        return _DRAWN.sub(self._place, _NEW_EACH_TIME.sub(b"-", content))

    def _place(self, drawn: re.Match[bytes]) -> bytes:
        return self._places.setdefault(drawn[0], b"drawn-%d" % (len(self._places) + 1))


def listen(estate: Estate, calls: list[dict[str, str]], bodies: list[bytes]) -> Record:
    """Record all that A was answered, sent, and can read."""
    record, stage = Record(), estate.stage
    for number, (name, answer) in enumerate(estate.answers):
        record.add_answer(f"{number} {name}", answer)
    with estate.later(minutes=1):
        estate.person.force_login(stage.world.supplier_user)
        for number, path in enumerate(dict.fromkeys(_paths(estate))):
            name = f"{number} {path}"
            client = stage.supplier.client if path.startswith(PREFIX) else estate.person
            body = record.add_answer(name, client.get(path))
            _follow(record, path, client, body)
            if not path.startswith(PREFIX):
                record.add_answer(f"part of {name}", client.get(path, headers={"HX-Request": "true"}))
        record.add_answer("calendar", Client().get(_calendar(estate)))
        for number, letter in enumerate(each for each in mail.outbox if estate.address in each.to):
            record.add(f"mail {number}", letter.message().as_bytes())
    for number, (headers, body) in enumerate(zip(calls, bodies, strict=True)):
        record.add(f"webhook {number}", _call(headers, body))
    record.add("stream", _streamed(estate))
    return record


def _paths(estate: Estate) -> Iterator[str]:
    """Name every address that can be read, with A's things, others' and nobody's in the place of parameters."""
    stage = estate.stage
    yield from addresses(stage, stage.rollout)
    for guid in (*(stage.guid(number) for number in (2, 5, 9, 12, *FOREIGN[:2])), UNKNOWN):
        for path in ("/hubs/{}/", "/hubs/{}/commands/", f"{PREFIX}/hubs/{{}}", f"{PREFIX}/hubs/{{}}/history"):
            yield path.format(guid)
        yield f"/search/?q={guid}"
        yield f"/estate/?q={guid}"
        yield f"{PREFIX}/estate?q={guid}"
    for query in ("?supply=SPLIT", "?supply=SOLE", "?state=ACTIVATED", "?label=watched", "?sort=-guid"):
        yield f"/estate/{query}"
        yield f"/rollouts/{stage.rollout.pk}/hubs/{query}"
    for name in ("report.csv", "report.xlsx", "report.ndjson", "report.json"):
        yield f"/rollouts/{stage.rollout.pk}/{name}"
    for export in Export.objects.filter(organisation_id=stage.world.supplier.pk).order_by("id"):
        yield f"/estate/files/{reference_of(export.pk, 'estate_file')}/"
    yield "/accounts/sessions/"


def _follow(record: Record, path: str, client: Client, body: bytes) -> None:
    """Record a list again in pages of one: each cursor is one more thing that is received."""
    if not path.startswith(PREFIX) or not body.startswith(b'{"items"') or not orjson.loads(body)["items"]:
        return
    address: str | None = f"{path}?limit=1"
    for number in range(3):
        if address is None:
            return
        page = orjson.loads(record.add_answer(f"{path} page {number}", client.get(address)))
        address = page.get("next")


def _calendar(estate: Estate) -> str:
    answer = estate.person.post("/calendar/")
    made = re.search(rb"/calendar/[\w-]+\.ics", answer.content)
    assert made
    return made[0].decode()


def _call(headers: dict[str, str], body: bytes) -> bytes:
    head = [f"{name}: {value}" for name, value in headers.items() if name != "webhook-signature"]
    return "\n".join(head).encode() + b"\n\n" + body


def _streamed(estate: Estate) -> bytes:
    """Read A's feed to its end, as it is streamed."""
    last = feed.head(estate.stage.world.as_supplier)
    lines: list[str] = []
    headers = {"Authorization": f"Bearer {estate.stage.supplier.token}"}
    with (
        streaming() as url,
        httpx.stream("GET", f"{url}{FEED}?after=0", headers=headers, trust_env=False) as answer,
    ):
        for line in answer.iter_lines():
            lines.append(line)
            if line == f"id: {last}":
                break
    return "\n".join(line for line in lines if line[:1] != ":").encode()


def differences(first: Record, other: Record) -> dict[str, list[str]]:
    """Return what differs, by the name of the entry; nothing should."""
    differing = {}
    for name in sorted(first.entries.keys() | other.entries.keys()):
        contents = (record.entries.get(name, b"(nothing)") for record in (first, other))
        lines = [content.decode(errors="replace").splitlines() for content in contents]
        if lines[0] != lines[1]:
            differing[name] = [
                line for line in unified_diff(*lines, n=0, lineterm="") if line[:2] not in {"--", "++", "@@"}
            ]
    return differing
