"""The second factor's pages, where they know more than allauth's."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.http import HttpResponse

from portal.accounts.middleware import has_second_factor, needs_second_factor
from portal.identity.models import User


class SecondFactorIndexView(IndexView):
    """What somebody has, and whether they must have more."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return whether nothing else is open before something is set up here."""
        user = cast("User", self.request.user)
        must_enrol = needs_second_factor(user) and not has_second_factor(user)
        return {**super().get_context_data(**kwargs), "must_enrol": must_enrol}


class RemovePasskeyView(RemoveWebAuthnView):
    """Remove a passkey, but not the last second factor of somebody who needs one."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it, or say why it stays."""
        adapter = get_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            form.add_error(None, adapter.error_messages["cannot_delete_authenticator"])
            answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
            return answer
        return cast("HttpResponse", super().form_valid(form))
