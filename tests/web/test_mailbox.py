"""The mailbox of a demonstration, and pages sent compressed."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.urls import NoReverseMatch, reverse

from demo.mailbox import mails

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.ROOT_URLCONF = "demo.urls"
    settings.EMAIL_BACKEND = "demo.mailbox.MailboxBackend"
    settings.VAR_DIR = tmp_path


def test_a_demonstration_keeps_its_mail_for_everybody_to_read(mailbox, client):
    send_mail("Choose a password", "Open http://localhost/reset/1/ to choose.", None, ["ann@example.org"])
    send_mail("Something else", "Body", None, ["bob@example.org"])

    listed = client.get("/mailbox/?to=ANN@").content.decode()
    (path,) = re.findall(r"/mailbox/[0-9a-f-]+/", listed)
    page = client.get(path).content.decode()

    assert "Something else" not in listed
    assert '<a href="http://localhost/reset/1/"' in page
    assert [mail.subject for mail in mails()] == ["Something else", "Choose a password"]


def test_the_html_of_a_mail_may_do_nothing(mailbox, client):
    mail = EmailMultiAlternatives("Both", "text", None, ["ann@example.org"])
    mail.attach_alternative("<p>html</p><script>alert(1)</script>", "text/html")
    mail.send()

    answer = client.get(f"/mailbox/{mails()[0].name}/html/")

    assert answer.content.startswith(b"<p>html</p>")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("name", ["..", "1", "0" * 19 + "-" + "0" * 32])
def test_a_name_that_no_mail_has_is_not_found(mailbox, client, name):
    assert client.get(f"/mailbox/{name}/").status_code == 404


def test_elsewhere_there_is_no_mailbox(client, settings):
    assert settings.ROOT_URLCONF == "portal.urls"
    assert client.get("/mailbox/").status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("mailbox")


def test_pages_are_sent_compressed_and_never_alike_in_length(client):
    answers = [client.get("/accounts/login/", headers={"accept-encoding": "gzip"}) for _ in range(12)]

    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert len({len(answer.content) for answer in answers}) > 1
    assert "Content-Encoding" not in client.get("/accounts/login/").headers


def test_what_is_no_page_is_not_compressed_on_the_way(client):
    answer = client.get("/developers/reference", headers={"accept-encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
