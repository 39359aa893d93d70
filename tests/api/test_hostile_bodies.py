"""Bodies as a broken network or a hostile system sends them: read as meant, or refused at once and in words."""

from __future__ import annotations

import codecs
import gzip
import threading
import time
import tracemalloc
import zlib

import pytest
from django.db import connections

from portal.kernel.models import IdempotencyKey
from portal.rest import parsers
from rollouts.models import Instruction, SelectionRuleVersion, Target
from tests.api.conftest import stage_of
from tests.api.systems import System, body_of
from tests.factories import make_world

pytestmark = [pytest.mark.django_db]
CSV, NDJSON = "text/csv", "application/x-ndjson"
TREE = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}


def instruct(stage, body, *, kind=CSV, **headers):
    return stage.supplier.post(stage.path("/instructions?kind=INSTRUCT"), body, kind=kind, **headers)


def guids_of(stage, *numbers):
    return "".join(f"{stage.guid(number)}\n" for number in numbers).encode()


def test_a_list_packed_in_parts_is_read_to_its_end(stage):
    body = gzip.compress(b"guid\n" + guids_of(stage, 0)) + gzip.compress(guids_of(stage, 1, 2)) + b"\0" * 512

    answer = instruct(stage, body, Content_Encoding="gzip")

    assert (body_of(answer)["lines"], body_of(answer)["accepted"]) == (3, 3)


def test_a_packed_list_of_which_the_end_is_missing_is_refused_as_a_whole(stage):
    complete = gzip.compress(b"guid\n" + guids_of(stage, *range(9))) + gzip.compress(guids_of(stage, 9))

    for cut in (1, 8, 9, 40, len(complete) - 30):
        answer = instruct(stage, complete[:-cut], Content_Encoding="gzip")
        assert (answer.status_code, body_of(answer)["code"]) == (400, "malformed_body"), cut
    garbled = instruct(stage, complete + b"and something else", Content_Encoding="gzip")
    assert (garbled.status_code, body_of(garbled)["code"]) == (400, "malformed_body")
    assert not Instruction.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", CSV, NDJSON])
def test_what_unpacks_without_end_is_put_down_in_time(stage, kind):
    packer = zlib.compressobj(level=9, wbits=31)
    zeros = b"0" * (1024 * 1024)
    bomb = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
    tracemalloc.start()
    began = time.monotonic()

    answer = instruct(stage, bomb, kind=kind, Content_Encoding="gzip")

    taken, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, body_of(answer)["code"]) == (413, "body_too_large")
    assert len(bomb) < 400_000
    assert most < 4 * parsers.LARGEST_BODY
    assert taken < 20


def test_thousands_of_empty_parts_are_put_down(stage):
    answer = instruct(stage, gzip.compress(b"") * 5_000, Content_Encoding="gzip")

    assert (answer.status_code, body_of(answer)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"kind": "INSTRUCT", "guids": [' + b"{}," * 200_000 + b"{}]}", "application/json", 413),
        (b'{"kind": "INSTRUCT", "guids": [' + b"1," * 2_000_000 + b"1]}", "application/json", 413),
        (b"[" * 100_001, "application/json", 413),
        (b"[" * 5_000, "application/json", 400),
        (b"\n" * 3_000_000, NDJSON, 422),
        (b"guid" + b"\n" * 9_000_000, CSV, 422),
        (b"0" + b"," * 9_000_000, CSV, 422),
    ],
    ids=["objects", "numbers", "lists", "depth", "lines", "rows", "columns"],
)
def test_little_that_would_become_much_is_put_down_before_it_does(stage, body, kind, status):
    tracemalloc.start()

    answer = instruct(stage, gzip.compress(body, 1), kind=kind, Content_Encoding="gzip")

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == status, answer.content
    assert most < 40_000_000 + 4 * len(body)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: f"sep=;\n{text}".encode(),
    ],
    ids=["utf-8", "utf-16-le", "utf-16-be", "crlf", "cr", "no-end", "separator"],
)
def test_a_list_is_read_however_it_was_saved(stage, encode):
    answer = instruct(stage, encode("guid;site\n" + f"{stage.guid(0)};a\n{stage.guid(1)};b\n"))

    assert (answer.status_code, body_of(answer)["accepted"]) == (201, 2), answer.content


@pytest.mark.parametrize("kind", [CSV, NDJSON, "application/json"])
def test_a_nul_is_a_mistake_in_its_line_and_no_failure(stage, kind):
    nul = stage.guid(1)[:5] + "\0" + stage.guid(1)[5:]
    escaped = nul.replace("\0", "\\u0000")
    body = {
        # Far enough down that a look at the beginning does not see it.
        CSV: f"guid\n{stage.guid(0)}\n".encode() + b"\n" * 9_000 + nul.encode() + b"\n",
        NDJSON: f'"{stage.guid(0)}"\n"{escaped}"\n'.encode(),
        "application/json": f'{{"kind": "INSTRUCT", "guids": ["{stage.guid(0)}", "{escaped}"]}}'.encode(),
    }[kind]

    path = stage.path("/instructions") + ("" if kind == "application/json" else "?kind=INSTRUCT")
    answer = stage.supplier.post(path, body, kind=kind)

    assert answer.status_code == 201, answer.content
    assert (body_of(answer)["accepted"], body_of(answer)["rejected"]) == (1, 1)


def test_text_without_a_mark_in_two_octets_a_letter_is_read(stage):
    answer = instruct(stage, f"guid\n{stage.guid(0)}\n".encode("utf-16-le"))

    assert (answer.status_code, body_of(answer)["accepted"]) == (201, 1)


@pytest.mark.parametrize("end", ['{"guid": 5}', "null", "{}\n"])
def test_a_last_line_that_names_no_hub_is_refused_alone(stage, end):
    body = f'"{stage.guid(0)}"\n"{stage.guid(1)}"\n{end}'.encode()

    answer = body_of(instruct(stage, body, kind=NDJSON))

    assert (answer["accepted"], [line["line"] for line in answer["rejections"]]) == (2, [3])


@pytest.mark.parametrize("end", ['{"guid": "00-DB', '"00-DB-12', "{"])
def test_a_line_that_broke_off_refuses_the_list_and_names_itself(stage, end):
    body = f'"{stage.guid(0)}"\n"{stage.guid(1)}"\n{end}'.encode()

    answer = instruct(stage, body, kind=NDJSON)

    assert (answer.status_code, body_of(answer)["code"]) == (422, "invalid_input")
    assert "3" in body_of(answer)["errors"][0]["at"]
    assert not Instruction.objects.exists()


@pytest.mark.parametrize("kind", [CSV, NDJSON, "application/json"])
def test_packed_or_not_the_same_list_under_the_same_key_is_one_instruction(stage, kind):
    body = {
        CSV: guids_of(stage, 0, 1),
        NDJSON: f'"{stage.guid(0)}"\n'.encode(),
        "application/json": f'{{"kind": "INSTRUCT", "guids": ["{stage.guid(0)}"]}}'.encode(),
    }[kind]
    path = stage.path("/instructions") + ("" if kind == "application/json" else "?kind=INSTRUCT")

    plain = stage.supplier.post(path, body, kind=kind, Idempotency_Key="a")
    packed = stage.supplier.post(
        path, gzip.compress(body), kind=kind, Idempotency_Key="a", Content_Encoding="gzip"
    )
    other = stage.supplier.post(
        path, body.replace(b"0", b"1"), kind=kind, Idempotency_Key="a", Content_Encoding="identity"
    )

    assert body_of(packed)["reference"] == body_of(plain)["reference"]
    assert packed["Idempotent-Replayed"] == "true"
    assert (other.status_code, body_of(other)["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "GZIP "])
def test_a_body_packed_in_another_way_is_refused(stage, encoding):
    answer = instruct(stage, gzip.compress(guids_of(stage, 0)), Content_Encoding=encoding)

    assert answer.status_code == (201 if encoding == "GZIP " else 415)
    assert answer.has_header("Accept-Encoding") == (encoding != "GZIP ")


class TestTwoConnectionsAtOnce:
    """The same request, sent again before the first is answered: a network that gives up too early."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def raced(self, transactional_db, now):
        return stage_of(make_world(), now=now)

    def race(self, *calls):
        together, answers = threading.Barrier(len(calls)), []

        def run(call):
            together.wait(timeout=10)
            try:
                answers.append(call())
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return answers

    def test_give_one_instruction_and_one_receipt(self, raced):
        body = {"kind": "INSTRUCT", "guids": [raced.guid(number) for number in range(9)]}

        def send():
            return System.again(raced.supplier).post(raced.path("/instructions"), body, Idempotency_Key="a")

        answers = self.race(*[send] * 4)

        assert {answer.status_code for answer in answers} == {201}
        assert len({body_of(answer)["reference"] for answer in answers}) == 1
        assert Instruction.objects.count() == 1
        assert (
            Target.objects.filter(import_answer=1).count() + Target.objects.filter(gas_answer=1).count() == 9
        )

    def test_make_one_thing_and_tell_the_others_to_ask_again(self, raced):
        def send():
            return System.again(raced.supplier).post(
                "/selection-rules", {"name": "Central", "tree": TREE}, Idempotency_Key="a"
            )

        answers = self.race(*[send] * 4)

        made = [answer for answer in answers if answer.status_code == 201]
        late = [answer for answer in answers if answer.status_code != 201]
        assert made
        assert {(answer.status_code, body_of(answer)["code"]) for answer in late} <= {
            (409, "idempotency_key_in_use")
        }
        assert SelectionRuleVersion.objects.count() == IdempotencyKey.objects.count() == 1

    def test_with_different_things_to_say_do_one_of_them(self, raced):
        def send(name):
            return System.again(raced.supplier).post(
                "/selection-rules", {"name": name, "tree": TREE}, Idempotency_Key="a"
            )

        answers = self.race(lambda: send("One"), lambda: send("Two"))

        assert sorted(answer.status_code for answer in answers) == [201, 422]
        assert SelectionRuleVersion.objects.count() == 1

    def test_order_one_file(self, raced, settings, tmp_path):
        def send():
            return System.again(raced.supplier).post("/estate/files", {"form": "CSV"}, Idempotency_Key="a")

        answers = self.race(*[send] * 3)

        assert {answer.status_code for answer in answers} <= {202, 409}
        assert len({body_of(answer)["id"] for answer in answers if answer.status_code == 202}) == 1
