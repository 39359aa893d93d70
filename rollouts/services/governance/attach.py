"""Files of an incident: taken for what their bytes say they are, kept apart, never run or shown inline.

Few kinds are taken, none of which a browser runs when it is told not to guess. The portal never opens one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput
from portal.kernel.spreadsheets.texts import encoding_of
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models import Incident, IncidentAttachment
from rollouts.reads.governance.settings import MEGABYTE, Governance

_BY_SIGNATURE: Final = (
    (b"%PDF-", "application/pdf", frozenset({".pdf"})),
    (b"\x89PNG\r\n\x1a\n", "image/png", frozenset({".png"})),
    (b"\xff\xd8\xff", "image/jpeg", frozenset({".jpg", ".jpeg"})),
)
_TEXTS: Final = frozenset({".txt", ".log", ".csv", ".json"})
_LONGEST_NAME: Final = 120
_TAKEN: Final = "PDF, PNG, JPEG, or plain text (.txt, .log, .csv, .json)"


class AttachmentRefused(BadInput):
    """The file is too large, one too many, or not of a kind that is taken."""

    code = "attachment_refused"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    file_name: str
    content: bytes


def media_type_of(upload: Upload) -> str:
    """Read the kind of a file from its content; its name must agree.

    Raises:
        AttachmentRefused: it is none of the kinds that are taken.
    """
    ending = PurePosixPath(upload.file_name.lower()).suffix
    for signature, media_type, endings in _BY_SIGNATURE:
        if upload.content.startswith(signature):
            if ending not in endings:
                raise AttachmentRefused(f"“{_clean(upload.file_name)}” is not what its name says.")
            return media_type
    if ending in _TEXTS and _is_text(upload.content):
        return "text/plain"
    raise AttachmentRefused(f"“{_clean(upload.file_name)}” is of a kind that is not taken. Send {_TAKEN}.")


@inside_unit_of_work
def put_attachments(scope: Scope, incident: Incident, uploads: Iterable[Upload], *, now: datetime) -> int:
    """Keep the files with an incident; the same content is kept once. Returns how many are new.

    Raises:
        AttachmentRefused: one is too large or of the wrong kind, or there would be too many.
    """
    terms = Governance.current()
    held = {bytes(digest) for digest in incident.attachments.values_list("sha256", flat=True)}
    new = []
    for upload in uploads:
        if not upload.content or len(upload.content) > terms.attachment_size:
            most = terms.attachment_size // MEGABYTE
            raise AttachmentRefused(
                f"“{_clean(upload.file_name)}” is empty, or larger than {most} megabytes."
            )
        digest = hashlib.sha256(upload.content).digest()
        if digest in held:
            continue
        held.add(digest)
        new.append(
            IncidentAttachment(
                incident=incident,
                file_name=_clean(upload.file_name),
                media_type=media_type_of(upload),
                size=len(upload.content),
                sha256=digest,
                content=upload.content,
                uploaded_at=now,
                uploaded_by_id=scope.user_id,
            )
        )
    if len(held) > terms.attachments:
        raise AttachmentRefused(f"An incident has at most {terms.attachments} files.")
    IncidentAttachment.objects.bulk_create(new)
    return len(new)


def _clean(name: str) -> str:
    """Keep of a name what is safe in a header, on a disk and on a page."""
    last = re.split(r"[\\/]", name)[-1]
    safe = re.sub(r"[^\w .()+-]", "_", last, flags=re.ASCII).strip(" .") or "file"
    stem, ending = PurePosixPath(safe).stem, PurePosixPath(safe).suffix
    return f"{stem[: _LONGEST_NAME - len(ending)]}{ending}"


def _is_text(content: bytes) -> bool:
    """Tell text, in UTF-8, UTF-16 or Windows-1252 as logs come, from what is none."""
    encoding = encoding_of(content)
    if encoding is None:
        return False
    for name in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        return not any(character < " " and character not in "\t\r\n\f\v" for character in text)
    return False
