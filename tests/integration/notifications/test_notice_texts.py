"""What people read of each kind of notice: the facts, in sentences, and only what their party may know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from notifications.notice_texts import notice_text
from portal.events.kinds import EntryKind as K
from rollouts.states import Consent
from tests.notice_examples import EXAMPLES

ROOT = Path(__file__).resolve().parents[3]

SUPPLIER = {"is_own": True}
NOTICE = {
    "manufacturer": "Toshiba",
    "model": "0C23",
    "firmware_version": "0C230000",
    "from_versions": ["0C220000", "0C220100"],
    "kind": "PLANNED",
    "severity": "MAJOR",
    "priority": "P2",
    "release_note_url": "https://notes.example/7",
    "automatic_at": "2027-03-15T00:00:00+00:00",
    "cutoff_at": "2027-02-15T00:00:00+00:00",
    "has_window": True,
}
NOTICE_TEXT = (
    "Hub model Toshiba 0C23: from 0C220000, 0C220100 to 0C230000.\n"
    "Planned Maintenance Release, severity major, priority P2.\n"
    "Instruct until end of 14 Feb 2027 (15 Feb, 00:00 GMT). Automatic activation: 15 Mar 2027, 00:00 GMT.\n"
    "Release Note: https://notes.example/7\n"
)


@pytest.mark.requirement("R1.1")
def test_a_notice_says_model_versions_dates_and_roles():
    own = {"hubs": 1204, "roles": {"import": 1000, "gas": 200, "both": 4}, "split": 37}

    notice = notice_text(K.ROLLOUT_NOTIFIED, {**NOTICE, **own, **SUPPLIER}, rollout_name="Toshiba 0C230000")

    assert notice.title == "New firmware: Toshiba 0C230000"
    assert notice.text == (
        f"{NOTICE_TEXT}It concerns 1,204 hubs of yours: 1,000 as Import Supplier, 200 as Gas Supplier, 4 as both. "
        "37 have a second Supplier.\nThe second Supplier of a hub is asked too."
    )


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (
            K.ROLLOUT_NOTIFIED,
            {**NOTICE, "hubs": 1, "since": "GAINED"},
            (
                f"{NOTICE_TEXT}It concerns 1 hub of yours.\nThe rollout is under way. "
                "You are told of these hubs now because they have become yours."
            ),
        ),
        (
            K.RELEASE_NOTE_REVISED,
            {"revision": 2, "url": "https://notes.example/8", "summary": "A known issue."},
            "Revision 2: https://notes.example/8\nA known issue.",
        ),
        (
            K.ROLLOUT_DELAYED,
            {
                "automatic_at": "2027-07-15T00:00:00+00:00",
                "automatic_at_before": "2027-03-15T00:00:00+00:00",
                "cutoff_at": "2027-06-15T00:00:00+00:00",
                "cutoff_at_before": "2027-02-15T00:00:00+00:00",
            },
            (
                "Automatic activation: 15 Jul 2027, 01:00 BST, before: 15 Mar 2027, 00:00 GMT.\n"
                "Instruct until: 15 Jun 2027, 01:00 BST, before: end of 14 Feb 2027 (15 Feb, 00:00 GMT)."
            ),
        ),
        (
            K.PILOT_STARTED,
            {"hubs": 5000, "own_pilot": {"hubs": 60, "states": {"ACTIVATED": 4}}},
            "Pilot hubs of yours: 60, of which 4 activated.",
        ),
        (K.PILOT_STARTED, {"hubs": 5000}, "None of your hubs takes part in the pilot."),
        (
            K.PILOT_CONFIRMED,
            {"hubs": 60, "split": 3, "awaiting_your_answer": 3},
            (
                "60 hubs of yours joined the pilot. 3 of them have a second Supplier. "
                "3 hubs wait for your answer: agree with the pilot time, or give another."
            ),
        ),
        (
            K.DECISION_MADE,
            {
                "reason": "Stop. HAN devices lost.",
                "means": {"settled": 10, "withdrawn": 90},
                "instructed_by_day": {"2027-02-01": 50, "2027-02-02": 20},
                "what_to_do": "Nothing.",
            },
            (
                "Decided: Stop. HAN devices lost.\n"
                "Your hubs: 10 already run the new firmware; 90 are withdrawn.\n"
                "Your instructions pending: 50 on 1 Feb 2027, 20 on 2 Feb 2027.\n"
                "What to do: Nothing."
            ),
        ),
        (
            K.ROLLOUT_SUSPENDED,
            {
                "reason": "Too many fail.",
                "hubs": 100,
                "pending": 40,
                "states": {"DISTRIBUTING": 5, "ACTIVATING": 2},
            },
            (
                "Reason given: Too many fail.\nIt concerns 100 hubs of yours.\n"
                "Your instructions for 40 hubs are kept but not carried out meanwhile. "
                "5 hubs may still receive the image, and will not activate. "
                "2 hubs were told to activate: this is recalled where it still can be."
            ),
        ),
        (
            K.INSTRUCTION_VOIDED,
            {"reason": "SUPPLIER_CHANGED", "hubs": 2},
            (
                "2 hubs have another Supplier now in your place. What you had answered for them no longer counts; "
                "your other hubs are not affected."
            ),
        ),
        (
            K.WINDOW_CLOSING,
            {
                "hubs": 12,
                "working_days": 7,
                "cutoff_at": "2027-02-15T00:00:00+00:00",
                "automatic_at": "2027-03-15T00:00:00+00:00",
            },
            (
                "12 hubs of yours wait for your answer. Answer within 7 working days, until end of 14 Feb 2027 (15 Feb, 00:00 GMT). "
                "A hub that nobody instructs activates at DCC's time, 15 Mar 2027, 00:00 GMT."
            ),
        ),
        (
            K.DIGEST,
            {
                "day": "2027-03-15",
                "activated": 1200,
                "failed": {"Hub discarded the image": 3},
                "not_confirmed": 2,
                "awaiting_you": 40,
            },
            (
                "15 Mar 2027: 1,200 activated. Failed: 3 (Hub discarded the image). 2 not confirmed. "
                "40 hubs wait for your answer."
            ),
        ),
    ],
)
def test_a_supplier_reads_the_facts(kind, data, text):
    assert notice_text(kind, {**data, **SUPPLIER}).text == text


def test_every_kind_that_reaches_people_has_an_example_and_its_facts_are_what_is_sent():
    sources = [
        path.read_text()
        for area in ("rollouts/services", "rollouts/reads", "notifications/webhooks", "rollouts/sql")
        for path in (ROOT / area).rglob("*")
        if path.suffix in {".py", ".sql"}
    ]
    sent = {name for source in sources for name in re.findall(r"""["'](\w+)["']""", source)}
    sent |= {name for source in sources for name in re.findall(r"\b(\w+)=", source)}  # keywords of a sender
    sent |= {consent.name.lower() for consent in Consent}

    assert set(EXAMPLES) == {kind for kind in K if not kind.is_about_one_hub}
    assert {name for each in EXAMPLES.values() for example in each for name in example.facts} - sent == set()


def test_one_hub_is_spoken_of_as_one():
    for kind, examples in EXAMPLES.items():
        for example in examples:
            text = notice_text(kind, {**_of_ones(example.facts), "is_own": example.is_own}).text

            assert not re.search(r"\b1 (hubs|working days|lines)\b", text), text
            assert not re.search(
                r"(?m)(?:^|[.:;] )1 (hub|of them)( of yours| it shares with you)? "
                r"(are|were|have|wait|activate|take|run|that nobody instructed activate)\b",
                text,
            ), text


def _of_ones(facts):
    if isinstance(facts, dict):
        return {name: _of_ones(value) for name, value in facts.items()}
    is_number = isinstance(facts, int) and not isinstance(facts, bool)
    return min(facts, 1) if is_number else facts
