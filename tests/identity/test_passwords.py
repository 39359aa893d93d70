"""Which passwords are taken, and what is logged of who comes in and who does not."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from structlog.testing import capture_logs

from tests.identity.conftest import PASSWORD

LOG_IN = "/accounts/login/"


@pytest.mark.parametrize(
    "password",
    [
        "Password1234!",
        "P@ssw0rd2027",
        "12345sunshine",
        "qwertyqwerty",
        "DragonDragon2027",
        "!!letmein!!2026",
        "1q2w3e4r5t6y",
        "password_password",
    ],
)
def test_what_leaked_often_is_refused_however_it_is_dressed_up(password):
    with pytest.raises(ValidationError) as refused:
        validate_password(password)

    assert "leaked" in {error.code for error in refused.value.error_list}


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "firmware-portal-demo", "Tr7-gorse-pelican-9", "über den Fluss 1849"],
)
def test_three_words_that_have_nothing_to_do_with_each_other_are_taken(password):
    validate_password(password)


@pytest.mark.django_db
def test_who_comes_in_and_who_does_not_is_logged_with_from_where(client, seats):
    with capture_logs() as lines:
        client.post(LOG_IN, {"login": seats.admin.email, "password": "wrong password here"})
        client.post(LOG_IN, {"login": "nobody@nowhere.example", "password": "wrong password here"})
        client.post(LOG_IN, {"login": seats.admin.email, "password": PASSWORD})
        client.post("/accounts/logout/")

    entries = [
        (line["event"], line.get("user_id"), line["address"]) for line in lines if "account." in line["event"]
    ]
    assert entries == [
        ("account.log-in-failed", None, "127.0.0.1"),
        ("account.log-in-failed", None, "127.0.0.1"),
        ("account.logged-in", seats.admin.pk, "127.0.0.1"),
        ("account.logged-out", seats.admin.pk, "127.0.0.1"),
    ]
    assert not any("wrong password" in str(line) or "nobody@" in str(line) for line in lines)
