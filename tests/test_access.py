"""No address answers a stranger, but for the few that have to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

# Logging in and out, setting a password by a link, what balancers ask, and where systems get their tokens.
OPEN = {
    "livez",
    "readyz",
    "login",
    "logout",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "organisation-log-in",
    "organisation-log-in-at",
    "openid_connect_login",
    "openid_connect_callback",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "oauth-token",
    "oauth-revoke",
    "oauth-metadata",
    # What an integrator reads before there is a client.
    "openapi",
    "openapi-json",
    "problem",
    "developers",
    "developer-page",
    "service-request-schema",
    "calendar-file",  # its address is the secret
}
SAMPLES = {"int": "1", "str": "x", "slug": "x", "uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "path": "x"}
KEPT_OUT = {401, 403, 405}


def addresses(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        path = prefix + sample_of(entry)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, str(entry.name)


def sample_of(entry: URLPattern | URLResolver) -> str:
    def value(match: re.Match[str]) -> str:
        converter = entry.pattern.converters[match["name"]]
        tries = [
            SAMPLES.get(match["kind"] or "str", ""),
            "00-00-00-00-00-00-00-01",
            "0" * 12 + "1",  # a reference
            "1",
            "x",
            "csv",
            "suspend",
            "close",
        ]
        return next(sample for sample in tries if re.fullmatch(converter.regex, sample))

    return re.sub(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>", value, str(entry.pattern))


def closed() -> list[str]:
    return [path for path, name in addresses(get_resolver()) if name not in OPEN]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", closed())
def test_a_stranger_is_kept_out(client, path, method):
    answer = getattr(client, method)(path)

    sent_to_log_in = answer.status_code == 302 and answer["Location"].startswith(settings.LOGIN_URL)
    assert sent_to_log_in or answer.status_code in KEPT_OUT, answer.status_code
