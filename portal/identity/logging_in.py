"""Logging in, slowed down for those who guess: by mailbox, and by the address they come from."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from portal.identity.models import User

PERIOD_SECONDS: Final = 300
TRIES_A_MAILBOX: Final = 5
TRIES_AN_ADDRESS: Final = 20


class LogInForm(AuthenticationForm):
    """E-mail and password; while it is paused no password is looked at."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This e-mail address and password do not go together. Check both and try again.",
        "too_many": "There have been too many tries. Wait five minutes, then try again.",
    }
    is_paused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail"
        self.fields["username"].widget.attrs |= {"autocomplete": "username", "inputmode": "email"}

    def clean(self) -> dict[str, Any]:
        """Look for somebody with this e-mail and password.

        Raises:
            ValidationError: there is nobody, or there have been too many tries.
        """
        if self.is_paused:
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        return super().clean()


class LogIn(LoginView):
    """The log-in page: five wrong passwords a mailbox and twenty an address in five minutes, then a pause.

    A try is counted before it is judged, so that many at once do not slip through; one that succeeds is
    taken back.
    """

    authentication_form = LogInForm
    redirect_authenticated_user = True

    def get_form(self, form_class: type[AuthenticationForm] | None = None) -> Any:
        """Make the form; a try that is one too many gets a paused one."""
        form: Any = super().get_form(form_class)
        if self.request.method == "POST":
            counts = [_count(key) > most for key, most in _keys(self.request).items()]
            form.is_paused = any(counts)
        return form

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let the person in, and forget the try."""
        for key in _keys(self.request):
            _forget(key)
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show what is wrong, and keep what was typed."""
        status = 429 if getattr(form, "is_paused", False) else 422
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """In a demonstration, tell who there is to be."""
        password = getattr(settings, "DEMO_PASSWORD", "") if settings.DEMO else ""
        shown = {"demo_users": _demo_users(), "demo_password": password} if password else {}
        return super().get_context_data(**kwargs, **shown)


def _demo_users() -> list[dict[str, str]]:
    users = User.objects.filter(is_active=True).select_related("organisation").order_by("pk")[:12]
    return [{"role": str(user.organisation), "email": user.email} for user in users]


def _keys(request: HttpRequest) -> dict[str, int]:
    mailbox = hashlib.sha256(request.POST.get("username", "").strip().lower().encode()).hexdigest()
    return {
        f"log-in:mailbox:{mailbox}": TRIES_A_MAILBOX,
        f"log-in:from:{_address(request)}": TRIES_AN_ADDRESS,
    }


def _address(request: HttpRequest) -> str:
    # Behind a proxy the last entry is the one our own proxy wrote; the others anybody can write.
    is_behind = bool(getattr(settings, "SECURE_PROXY_SSL_HEADER", None))
    forwarded = request.headers.get("X-Forwarded-For", "") if is_behind else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def _count(key: str) -> int:
    cache.add(key, 0, PERIOD_SECONDS)
    try:
        return cache.incr(key)
    except ValueError:  # it ran out in between
        cache.set(key, 1, PERIOD_SECONDS)
        return 1


def _forget(key: str) -> None:
    with suppress(ValueError):  # it ran out in between
        cache.decr(key)
