"""Logging in: by password, and by one's own organisation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.views import LoginView
from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts import single_sign_on
from portal.accounts.forms import OrganisationLogInForm
from portal.accounts.tasks import hand_over, send_way_in
from portal.identity.models import User

_WAYS_IN = {"way_in": "20/m/ip,3/5m/key"}
_TOO_MANY = "too_many_login_attempts"


class LogInView(LoginView):
    """The log-in page: five wrong passwords a mailbox and twenty an address in five minutes, then a pause."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what is wrong, and keep what was typed."""
        codes = {error.code for error in form.non_field_errors().as_data()}
        status = 429 if _TOO_MANY in codes else 422
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=status)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """In a demonstration, tell who there is to be."""
        password = getattr(settings, "DEMO_PASSWORD", "") if settings.DEMO else ""
        shown = {"demo_users": _demo_users(), "demo_password": password} if password else {}
        return {**super().get_context_data(**kwargs), "is_demonstration": settings.DEMO, **shown}


@require_http_methods(["GET", "POST"])
def organisation_log_in(request: HttpRequest) -> HttpResponse:
    """Have the way to their organisation's log-in sent to somebody, if it has one of its own."""
    form = OrganisationLogInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if not ratelimit.consume(request, app="portal", action="way_in", key=email.lower(), config=_WAYS_IN):
            return render(request, "429.html", status=429)
        hand_over(send_way_in, email)
        # The same for every address: it says neither who is known here nor where.
        return render(request, "socialaccount/sent.html", {"email": email})
    status = 422 if form.errors else 200
    return render(request, "socialaccount/find.html", {"form": form}, status=status)


@require_GET
def organisation_log_in_at(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Return where the way goes, and leave by a link: the policy of forms lets none lead elsewhere."""
    setup = single_sign_on.sign_on_of_provider(provider_id)
    if setup is None:
        raise Http404
    address = reverse("openid_connect_login", kwargs={"provider_id": provider_id})
    context = {
        "organisation": setup.organisation,
        "host": urlsplit(setup.app.settings["server_url"]).hostname,
        "address": address + "?" + urlencode({"process": "login"}),
    }
    return render(request, "socialaccount/continue.html", context)


def _demo_users() -> list[dict[str, str]]:
    users = User.objects.filter(is_active=True).select_related("organisation").order_by("pk")[:12]
    return [{"role": str(user.organisation), "email": user.email} for user in users]
