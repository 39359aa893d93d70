"""Pages about the people of an organisation."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import people
from portal.accounts.middleware import ROLES_WITH_SECOND_FACTOR
from portal.accounts.web.guards import for_administrators, scope_of
from portal.identity.roles import Role
from portal.identity.scope import Scope
from portal.kernel import clock
from portal.kernel.presentation.edits import EditForm
from portal.kernel.refusals import Refusal
from portal.kernel.versions import version_of

#: What can be done to somebody by one button, and what is said when it is done.
_ACTS: Final = {
    "deactivate": (people.deactivate, "{name} can no longer log in, and has been logged out everywhere."),
    "reactivate": (people.reactivate, "{name} can log in again."),
    "invite-again": (people.invite_again, "Another link is on its way to {email}."),
    "reset-second-factor": (
        people.reset_second_factor,
        "The second factor of {name} is gone; at the next log-in the password is enough once.",
    ),
}


class RolesForm(EditForm):
    """The roles of somebody, each with what it may do."""

    roles = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="Roles")

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [role for role in Role if role in people.ROLES_OF_KIND[scope.kind]]
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (role.value, f"{role.label}: {role.description}") for role in offered
        ]

    def chosen(self) -> list[Role]:
        """Return the roles that were ticked."""
        return [Role(value) for value in self.cleaned_data["roles"]]


class InviteForm(RolesForm):
    """Somebody new."""

    name = forms.CharField(
        max_length=120, label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label="E-mail at work",
        help_text="The link to set a password goes there.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["name", "email", "roles"]


@require_GET
@for_administrators
def index(request: HttpRequest) -> HttpResponse:
    """List the people of the organisation."""
    scope = scope_of(request)
    context = {"people": people.people_of(scope), "scope": scope, "tabs": tabs("people")}
    return render(request, "identity/people.html", context)


@require_http_methods(["GET", "POST"])
@for_administrators
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody."""
    scope = scope_of(request)
    form = InviteForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid():
        email, name = form.cleaned_data["email"], form.cleaned_data["name"]
        try:
            people.invite(scope, email=email, name=name, roles=form.chosen(), now=clock.now())
        except Refusal as refusal:
            form.add_error("email", refusal.message)
        else:
            messages.success(request, f"A link to set a password is on its way to {email}.")
            return redirect("people")
    context = {"form": form, "scope": scope, "crumbs": [_back()]}
    return render(request, "identity/invite.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@for_administrators
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show somebody, and change their roles."""
    scope = scope_of(request)
    shown = people.person_of(scope, person_id)
    form = RolesForm(request.POST or None, scope=scope, initial={"roles": shown.user.roles})
    if request.method == "POST" and form.is_valid():
        try:
            expected = version_of(people.role_values(shown.user))
            people.change_roles(scope, person_id, roles=form.chosen(), expected=expected, now=clock.now())
        except Refusal as refusal:
            form.add_error("roles", refusal.message)
        else:
            messages.success(request, f"The roles of {shown.user.name} are saved.")
            return redirect("people")
    context = {
        "form": form,
        "person": shown,
        "scope": scope,
        "is_self": person_id == scope.user_id,
        "crumbs": [_back()],
        "needs_second_factor": not ROLES_WITH_SECOND_FACTOR.isdisjoint(shown.roles),
    }
    return render(
        request, "identity/person.html", context, status=form.refused_status if form.errors else 200
    )


@require_POST
@for_administrators
def act_on(request: HttpRequest, person_id: int, act: str) -> HttpResponse:
    """Deactivate, reactivate, invite again or reset somebody."""
    if act not in _ACTS:
        raise Http404
    service, done = _ACTS[act]
    scope = scope_of(request)
    user = people.person_of(scope, person_id).user
    try:
        service(scope, person_id, now=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done.format(name=user.name, email=user.email))
    return redirect("person", person_id=person_id)


def tabs(current: str) -> list[dict[str, Any]]:
    """Return the way between the pages about an organisation."""
    pages = (
        ("people", "People"),
        ("clients", "API clients"),
        ("notifications:webhooks", "Webhooks"),
        ("single-sign-on", "Single sign-on"),
    )
    return [{"url": reverse(name), "label": label, "current": name == current} for name, label in pages]


def _back() -> dict[str, str]:
    return {"label": "People", "url": reverse("people")}
