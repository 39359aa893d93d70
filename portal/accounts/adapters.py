"""What allauth asks of us: nobody signs up, secrets are sealed, single sign-on stays in its organisation."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.shortcuts import render

from portal.accounts import single_sign_on
from portal.accounts.middleware import needs_second_factor
from portal.accounts.outgoing import guarded_session
from portal.accounts.unsent_forms import is_known_device
from portal.identity.models import User
from portal.identity.sealing import seal, unseal
from portal.kernel import clock
from portal.kernel.refusals import NotPermitted, Refusal


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; the address in them is the one that counts."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and password do not go together."
        " Check both and try again.",
        "too_many_login_attempts": "There have been too many tries. Wait five minutes, then try again.",
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your present password.",
        "rate_limited": "There have been too many tries. Wait a few minutes, then try again.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that the outermost of our proxies saw, or the first that any of them did."""
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:  # it came past one of them
            return request.headers["X-Forwarded-For"].partition(",")[0].strip()

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try: those from a browser that has been this person's apart from everybody else's.

        Whoever guesses at a mailbox then locks out guessers, and not its owner.
        """
        email = str(credentials.get("email") or "").lower()
        if not is_known_device(request, email):
            super().pre_authenticate(request, **credentials)
            return
        key = self._get_login_attempts_cache_key(request, **credentials)
        self._login_failed_rl_usage = ratelimit.consume(
            request, app="allauth.account", action="login_failed", key=f"{key}:known"
        )
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")

    def reauthenticate(self, user: User, password: str) -> bool:
        """Check somebody's password once more, held to the same limits as logging in."""
        authenticated = self.authenticate(context.request, email=user.email, password=password)
        return authenticated is not None and authenticated.pk == user.pk

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell somebody that something about how they log in has changed."""
        super().send_notification_mail(template_prefix, user, context, email=email or user.email)


class SecondFactorAdapter(DefaultMFAAdapter):
    """What an authenticator app knows is sealed; where a second factor is required, one has to stay."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code does not count, or no longer. Type the one that is shown now.",
        "cannot_delete_authenticator": "Your role needs a second factor, and this is the only one you have."
        " Add another first.",
    }

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a stored secret."""
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep the last second factor of somebody whose role needs one."""
        others = Authenticator.objects.filter(
            user_id=authenticator.user_id, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        ).exclude(pk=authenticator.pk)
        return not needs_second_factor(authenticator.user) or others.exists()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        """Suggest a name for a new passkey."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "My passkey" if not count else f"My passkey {count + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return who asks, in the words the browser shows."""
        return {
            **super().get_public_key_credential_rp_entity(),
            "name": "Communications Hub Firmware Portal",
        }


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """An organisation's provider lets in that organisation's people, and nobody else."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find out whom the provider has logged in.

        Raises:
            ImmediateHttpResponse: nobody this organisation's provider may log in; the answer says why.
        """
        account, known = sociallogin.account, sociallogin.user.pk if sociallogin.is_existing else None
        try:
            if sociallogin.state.get("process") != "login":
                raise NotPermitted("Accounts are connected by logging in, not otherwise.")
            claims = single_sign_on.claims_in(
                account.extra_data, subject=account.uid, nonce=sociallogin.state.get("nonce", "")
            )
            user = single_sign_on.person_for(
                provider_id=account.provider, claims=claims, known_id=known, now=clock.now()
            )
        except Refusal as refusal:
            answer = render(request, "socialaccount/refused.html", {"reason": refusal.message}, status=403)
            raise ImmediateHttpResponse(answer) from refusal
        if known is None:
            sociallogin.connect(request, user)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Newcomers are let in before it comes to this, or not at all."""
        return False

    def authenticate_by_email(self, sociallogin: Any) -> None:
        """Whom an address belongs to is decided in one place, `single_sign_on.person_for`."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """Return providers with their secrets unsealed."""
        apps: list[Any] = super().list_apps(request, provider=provider, client_id=client_id)
        for app in apps:
            app.secret = unseal(app.secret)
        return apps

    def get_requests_session(self) -> Any:
        """Return a session that does not reach into our own network; its calls are the organisation's own."""
        match = context.request.resolver_match if context.request else None
        return guarded_session(match.kwargs.get("provider_id", "") if match else "")
