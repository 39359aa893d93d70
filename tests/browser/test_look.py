"""What a page looks like wherever it is opened: its typeface, its colours by day and by night."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.django_db(transaction=True)]

FACES = """async () => {
  await document.fonts.ready
  return [...document.fonts].filter(face => face.status === "loaded").map(face => face.family.replaceAll('"', ""))
}"""


def test_the_typeface_comes_from_the_portal_itself(live_server, page):
    fetched = []
    page.on("response", lambda answer: fetched.append((answer.url, answer.status)))

    page.goto(f"{live_server.url}/accounts/login/")

    assert page.evaluate(FACES) == ["Inter"]
    assert [status for url, status in fetched if url.endswith("/fonts/inter.woff2")] == [200]
    assert all(url.startswith((live_server.url, "data:")) for url, _ in fetched)
