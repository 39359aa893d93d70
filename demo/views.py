"""Pages of the demonstration alone: everybody's mail."""

from __future__ import annotations

from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from demo.mailbox import Mail, mail_of, mails

_NOTHING = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "sandbox": ["allow-popups"]}


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the mails, newest first."""
    recipient = request.GET.get("to", "").strip()
    return render(request, "demo/mailbox.html", {"mails": mails(recipient=recipient), "recipient": recipient})


@require_GET
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail as text."""
    crumbs = [{"label": "Mailbox", "url": "/mailbox/"}]
    return render(request, "demo/mail.html", {"mail": _mail_or_404(name), "crumbs": crumbs})


@require_GET
@csp(_NOTHING)  # type: ignore[untyped-decorator]
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail as its reader's program would draw it, without scripts or anything from elsewhere."""
    return HttpResponse(_mail_or_404(name).html)


def _mail_or_404(name: str) -> Mail:
    message = mail_of(name)
    if message is None:
        raise Http404
    return message
