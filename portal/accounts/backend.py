"""Who counts as somebody who may log in, and who a session belongs to."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser

from portal.identity.models import User


class Backend(AuthenticationBackend):
    """Log in by e-mail and password, as long as neither the person nor the organisation is deactivated."""

    def get_user(self, user_id: int) -> User | None:
        """Return whose session it is, organisation included: every page asks for it."""
        user = User.objects.select_related("organisation").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: AbstractBaseUser) -> bool:
        """Return whether this person may come in at all."""
        return isinstance(user, User) and user.is_active and user.organisation.is_active
