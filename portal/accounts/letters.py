"""Letters to people who cannot log in: sent by a worker, so that no answer tells who has an account."""

from __future__ import annotations

from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from portal.accounts import single_sign_on
from portal.identity.models import User


def send_reset(email: str) -> bool:
    """Mail the link that sets a new password to whoever has an account with this address."""
    user = User.objects.filter(email__iexact=email, is_active=True, organisation__is_active=True).first()
    if user is None:
        return False
    _send(
        "account/email/password_reset_key", user.email, {"user": user, "password_reset_url": link_for(user)}
    )
    return True


def send_way_in(email: str) -> bool:
    """Mail the way to the log-in of the organisation an address belongs to, if it has one of its own."""
    setup = single_sign_on.sign_on_for_email(email)
    if setup is None:
        return False
    path = reverse("organisation-log-in-at", kwargs={"provider_id": setup.app.provider_id})
    context = {"organisation": setup.organisation, "link": settings.PORTAL_URL + path}
    _send("identity/email/way_in", email, context)
    return True


def link_for(user: User) -> str:
    """Return the link by which somebody sets a password, at the address people know the portal by."""
    key = f"{user_pk_to_url_str(user)}-{PasswordResetTokenGenerator().make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.PORTAL_URL + path.replace("UID-KEY", key)


def _send(name: str, address: str, context: dict[str, object]) -> None:
    send_mail(
        subject=" ".join(render_to_string(f"{name}_subject.txt", context).split()),
        message=render_to_string(f"{name}_message.txt", context),
        from_email=None,
        recipient_list=[address],
    )
