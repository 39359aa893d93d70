"""The Central Products List: its entries, their upgrade paths and their images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.identity.requests import PortalRequest
from portal.identity.roles import DCC_ROLES, MAY_OPERATE
from portal.kernel import clock
from portal.kernel.presentation.edits import submit
from portal.kernel.presentation.moments import long_date, long_time
from portal.kernel.presentation.numbers import file_size
from portal.kernel.refusals import NotFound, NotPermitted, Refusal
from rollouts import services
from rollouts.queries.catalogue.catalogue import (
    CplEntryRow,
    cpl_entries,
    cpl_entry,
    device_models,
    status_effects,
)
from rollouts.states import CplStatus, Region
from rollouts.web.catalogue.forms import CatalogueFilterForm, EntryForm, FactsForm, ImageForm, ModelForm
from rollouts.web.guards import for_people, scope_of
from rollouts.web.wording import facts

#: How each status reads: tone and icon.
STATUS_LOOKS: Final = {
    CplStatus.ACTIVE: ("good", "check-circle"),
    CplStatus.CANCELLED: ("bad", "x-circle"),
    CplStatus.EXPIRED: ("warn", "clock"),
    CplStatus.WITHDRAWN: ("bad", "x-circle"),
}
_FACTS: Final = ("reference", "image_sha256", "hash_covers", "chts_version", "gbcs_version", "added_on")
_COVERS: Final = {"WHOLE_FILE": "the whole file", "IMAGE": "the manufacturer image"}


@require_GET
@for_people
def catalogue(request: PortalRequest) -> HttpResponse:
    """List the Central Products List: firmware by hub model, with the versions each may be reached from."""
    scope = scope_of(request)
    form = CatalogueFilterForm(request.GET, models=device_models(scope))
    entries = cpl_entries(scope, **form.wanted())
    context = {
        "form": form,
        "rows": [{"it": entry, "look": STATUS_LOOKS[entry.status]} for entry in entries],
        "may_operate": scope.has(*MAY_OPERATE),
        "scope": scope,
    }
    return render(request, "rollouts/catalogue/catalogue.html", context)


@require_GET
@for_people
def entry(request: PortalRequest, cpl_entry_id: int) -> HttpResponse:
    """Show one entry: its facts, its upgrade path, its image, and the rollouts to it."""
    return _entry_page(request, cpl_entry_id)


@require_http_methods(["GET", "POST"])
@for_people
def add_entry(request: PortalRequest) -> HttpResponse:
    """Add an entry with its upgrade path."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    form = EntryForm(
        request.POST or None,
        initial=_named_in(request, "device_model_id", "firmware_version"),
        models=device_models(scope),
        entries=cpl_entries(scope),
    )
    status = 200
    if request.method == "POST":
        added, status = submit(
            form,
            lambda: services.add_cpl_entry(
                scope,
                device_model_id=form.cleaned_data["device_model_id"],
                firmware_version=form.cleaned_data["firmware_version"],
                facts=form.facts(),
                now=clock.now(),
            ),
        )
        if added is not None:
            messages.success(request, f"Added: {added}. Upload its image next.")
            return redirect("rollouts:cpl-entry", added.pk)
    context = {
        "form": form,
        "title": "Add an entry",
        "crumbs": _crumbs(),
        "back": reverse("rollouts:catalogue"),
    }
    return render(request, "rollouts/catalogue/form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_people
def change_entry(request: PortalRequest, cpl_entry_id: int) -> HttpResponse:
    """Correct an entry or its upgrade path."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    it = cpl_entry(scope, cpl_entry_id)
    others = [each for each in cpl_entries(scope, device_model_id=it.device_model_id) if each.id != it.id]
    initial = {**{name: getattr(it, name) for name in _FACTS}, "predecessors": list(it.predecessor_ids)}
    form = FactsForm(request.POST or None, initial=initial, entries=others, with_model=False)
    status = 200
    if request.method == "POST":
        changed, status = submit(
            form,
            lambda: services.change_cpl_entry(
                scope, cpl_entry_id=it.id, facts=form.facts(), expected=it.version, now=clock.now()
            ),
        )
        if changed is not None:
            messages.success(request, "The entry is changed.")
            return redirect("rollouts:cpl-entry", it.id)
    return _form_page(request, form, title="Change the entry", of=it, status=status)


@require_http_methods(["GET", "POST"])
@for_people
def add_model(request: PortalRequest) -> HttpResponse:
    """Add a kind of hub."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    initial = _named_in(request, "manufacturer", "model", "hardware_version")
    form, status = ModelForm(request.POST or None, initial=initial), 200
    if request.method == "POST":
        added, status = submit(
            form,
            lambda: services.add_device_model(
                scope,
                now=clock.now(),
                **{**form.cleaned_data, "regions": [Region(n) for n in form.cleaned_data["regions"]]},
            ),
        )
        if added is not None:
            messages.success(request, f"Added: {added}. Now add its firmware.")
            return redirect(f"{reverse('rollouts:cpl-entry-new')}?device_model_id={added.pk}")
    context = {
        "form": form,
        "title": "Add a hub model",
        "crumbs": _crumbs(),
        "back": reverse("rollouts:catalogue"),
    }
    return render(request, "rollouts/catalogue/form.html", context, status=status)


@require_POST
@for_people
def upload_image(request: PortalRequest, cpl_entry_id: int) -> HttpResponse:
    """Have an image checked against its entry; every difference is told."""
    scope = scope_of(request)
    scope.check(*MAY_OPERATE)
    form = ImageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _entry_page(request, cpl_entry_id, form=form, status=422)
    file = form.cleaned_data["image"]
    try:
        services.upload_image(
            scope,
            cpl_entry_id=cpl_entry_id,
            file_name=file.name,
            source=file,
            expected=request.POST.get("made_from"),
            now=clock.now(),
        )
    except (NotFound, NotPermitted):
        raise
    except services.ImageRefused as refusal:
        return _entry_page(request, cpl_entry_id, form=form, problems=refusal.problems, status=refusal.status)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _entry_page(request, cpl_entry_id, form=form, status=refusal.status)
    messages.success(request, "The image passed every check.")
    return redirect("rollouts:cpl-entry", cpl_entry_id)


def _form_page(
    request: PortalRequest, form: Form, *, title: str, of: CplEntryRow | None = None, status: int
) -> HttpResponse:
    crumbs, back = _crumbs(), reverse("rollouts:catalogue")
    if of is not None:
        back = reverse("rollouts:cpl-entry", args=[of.id])
        crumbs.append({"label": _name(of), "url": back})
    context = {
        "form": form,
        "title": title,
        "caption": _name(of) if of else "",
        "crumbs": crumbs,
        "back": back,
    }
    return render(request, "rollouts/catalogue/form.html", context, status=status)


def _entry_page(
    request: PortalRequest,
    cpl_entry_id: int,
    *,
    form: ImageForm | None = None,
    problems: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    scope = scope_of(request)
    it = cpl_entry(scope, cpl_entry_id)
    is_dcc = scope.has(*sorted(DCC_ROLES))
    context: dict[str, Any] = {
        "it": it,
        "title": _name(it),
        "look": STATUS_LOOKS[it.status],
        "facts": _facts_of(it),
        "image": _image_of(it),
        "effects": status_effects(scope, cpl_entry_id, now=clock.now()) if is_dcc else None,
        "form": form or ImageForm(),
        "problems": problems,
        "may_operate": scope.has(*MAY_OPERATE),
        "crumbs": _crumbs(),
    }
    return render(request, "rollouts/catalogue/entry.html", context, status=status)


def _facts_of(it: CplEntryRow) -> list[dict[str, object]]:
    printed = it.as_printed if it.as_printed != it.firmware_version else ""
    return facts(
        ("Number of the entry", it.reference),
        ("Hub model", f"{it.manufacturer} {it.model}, hardware {it.hardware_version}"),
        ("Firmware version", it.firmware_version),
        ("As printed", printed),
        ("CHTS version", it.chts_version),
        ("GBCS version", it.gbcs_version),
        ("Added on", long_date(it.added_on) if it.added_on else ""),
        ("Removed on", long_date(it.removed_on) if it.removed_on else ""),
        ("Why", it.removed_reason),
        ("SHA-256 hash", it.image_sha256),
        ("The hash covers", _COVERS[it.hash_covers]),
    )


def _image_of(it: CplEntryRow) -> list[dict[str, object]]:
    if it.image is None:
        return []
    return facts(
        ("File", it.image.file_name),
        ("Size", file_size(it.image.size)),
        ("SHA-256 of the file", it.image.sha256),
        ("Checked", long_time(it.image.uploaded_at)),
    )


def _name(it: CplEntryRow) -> str:
    return f"{it.manufacturer} {it.model} {it.firmware_version}"


def _crumbs() -> list[dict[str, str]]:
    return [{"label": "Central Products List", "url": reverse("rollouts:catalogue")}]


def _named_in(request: PortalRequest, *names: str) -> dict[str, str]:
    """Return what a link to an empty form fills in, such as from a file that names a missing model."""
    return {name: request.GET[name] for name in names if name in request.GET}
