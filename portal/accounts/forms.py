"""allauth's forms in the portal's words: labels, hints, and what the browser may fill in."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as codes
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.http import HttpRequest

from portal.accounts.tasks import hand_over, send_reset

PASSWORD_HINT = "At least 12 characters. Three unrelated words work well."  # noqa: S105
CODE_HINT = "Six digits from your authenticator app, or one of your recovery codes."


class _LabelledForm(forms.Form):
    words: dict[str, tuple[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in self.words.items():
            shown = self.fields[name]
            shown.label, shown.help_text = label, hint
            shown.widget.attrs.pop("placeholder", None)


class LogInForm(_LabelledForm, account.LoginForm):
    """E-mail and password."""

    words = {"login": ("E-mail", ""), "password": ("Password", "")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class ForgottenPasswordForm(_LabelledForm, account.ResetPasswordForm):
    """Where the link goes that sets a new password."""

    words = {"email": ("E-mail", "The address you log in with.")}

    def clean_email(self) -> str:
        """Take any address: whose it is a worker finds out."""
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **_kwargs: Any) -> str:
        """Have a letter sent, if somebody has this address."""
        email = str(self.cleaned_data["email"])
        hand_over(send_reset, email)
        return email


class NewPasswordForm(_LabelledForm, account.ResetPasswordKeyForm):
    """A password, by a link from a letter."""

    words = {"password1": ("New password", PASSWORD_HINT), "password2": ("The same again", "")}


class ChangePasswordForm(_LabelledForm, account.ChangePasswordForm):
    """Another password."""

    words = {
        "oldpassword": ("Present password", ""),
        "password1": ("New password", PASSWORD_HINT),
        "password2": ("The same again", ""),
    }


class SetPasswordForm(_LabelledForm, account.SetPasswordForm):
    """A first password, for somebody who has logged in without one."""

    words = {"password1": ("Password", PASSWORD_HINT), "password2": ("The same again", "")}


class ConfirmPasswordForm(_LabelledForm, account.ReauthenticateForm):
    """The password once more, before something that matters."""

    words = {"password": ("Password", "")}


class _CodeFieldForm(_LabelledForm):
    words = {"code": ("Code", CODE_HINT)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "spellcheck": "false"}


class CodeForm(_CodeFieldForm, codes.AuthenticateForm):
    """The second factor at log-in."""


class ConfirmCodeForm(_CodeFieldForm, codes.ReauthenticateForm):
    """The second factor once more."""


class ActivateAppForm(_CodeFieldForm, totp.ActivateTOTPForm):
    """The first code of an authenticator app."""

    words = {"code": ("Code", "The six digits the app shows now.")}


class AddPasskeyForm(_LabelledForm, webauthn.AddWebAuthnForm):
    """A new passkey or security key."""

    words = {
        "name": ("Name", "A name you will recognise, such as the device it is on."),
        "passwordless": (
            "It is a passkey: log in with it alone",
            "It asks for your fingerprint, face or PIN. Without this it is asked for after your password.",
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.order_fields(["name", "passwordless"])


class RenamePasskeyForm(_LabelledForm, webauthn.EditWebAuthnForm):
    """Another name for a passkey."""

    words = {"name": ("Name", "")}


class OrganisationLogInForm(forms.Form):
    """Whose single sign-on to use."""

    email = forms.EmailField(
        label="E-mail at work",
        help_text="Your organisation is found by what stands after the @.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
