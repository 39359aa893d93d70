"""Addresses of accounts: allauth's views under the names it looks for, and ours.

Not among them: signing up, changing one's address, connecting other providers.
"""

from __future__ import annotations

from allauth.account import views as account
from allauth.socialaccount import views as social
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from portal.accounts import oauth
from portal.accounts.web import clients, logging_in, openid, people, second_factor, single_sign_on, typed
from portal.kernel import references


class Base36(StringConverter):
    """A person's number in a link; the key behind it has hyphens of its own."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36, "base36")
references.register("person", "security_key")
_log_in = logging_in.LogInView.as_view()

urlpatterns = [
    path("accounts/login/", _log_in, name="login"),
    path("accounts/login/", _log_in, name="account_login"),
    path("accounts/logout/", account.logout, name="logout"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/typed/<slug:token>/", typed.typed, name="typed"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/password/set/", account.password_set, name="account_set_password"),
    path("accounts/password/reset/", account.password_reset, name="account_reset_password"),
    path("accounts/password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "accounts/password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path(
        "accounts/password/reset/key/<base36:uidb36>-<str:key>/",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("accounts/2fa/", second_factor.SecondFactorIndexView.as_view(), name="mfa_index"),
    # Before allauth's own, which would remove the last second factor of somebody who needs one.
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", second_factor.RemovePasskeyView.as_view()),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    # Behind allauth's own: of several patterns of one name the last makes the addresses.
    path(
        "accounts/2fa/webauthn/keys/<security_key:pk>/remove/",
        second_factor.RemovePasskeyView.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/organisation/", logging_in.organisation_log_in, name="organisation-log-in"),
    path(
        "accounts/organisation/<slug:provider_id>/",
        logging_in.organisation_log_in_at,
        name="organisation-log-in-at",
    ),
    path("accounts/oidc/<slug:provider_id>/login/", openid.login, name="openid_connect_login"),
    path("accounts/oidc/<slug:provider_id>/login/callback/", openid.callback, name="openid_connect_callback"),
    path("accounts/oidc/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("accounts/oidc/error/", social.login_error, name="socialaccount_login_error"),
    path("oauth/token", oauth.token, name="oauth-token"),
    path("oauth/revoke", oauth.revoke, name="oauth-revoke"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
    path("organisation/people/", people.index, name="people"),
    path("organisation/people/invite/", people.invite, name="people-invite"),
    path("organisation/people/<person:person_id>/", people.person, name="person"),
    path("organisation/people/<person:person_id>/<slug:act>/", people.act_on, name="person-act"),
    path("organisation/clients/", clients.index, name="clients"),
    path("organisation/clients/new/", clients.create, name="client-create"),
    path("organisation/clients/<slug:client_id>/", clients.client, name="client"),
    path("organisation/clients/<slug:client_id>/<slug:act>/", clients.act_on, name="client-act"),
    path("organisation/single-sign-on/", single_sign_on.edit, name="single-sign-on"),
    path("organisation/single-sign-on/remove/", single_sign_on.remove, name="single-sign-on-remove"),
]
