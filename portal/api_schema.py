"""The description of the REST interface as a whole: title, security, shared parts; see portal.rest."""

from __future__ import annotations

from typing import Any, Final

from portal.kernel.references import PATTERN as REFERENCE

VERSION: Final = "1.0.0"

_ABOUT: Final = """\
Everything a Supplier, the DCC or a CSP can see or do in the portal, for their systems.

* **Log in** with OAuth 2 client credentials: `POST /oauth/token`; `POST /oauth/revoke` ends a token before
  its ten minutes. `GET /.well-known/oauth-authorization-server` says the same to programs (RFC 8414).
* **Pages**: lists answer `items` and `next`, the address of the page after; follow it until it is null.
* **Refusals** are problem details (RFC 9457); each `type` is stable: see `docs/reference/problems.md`.
* **Twice is once**: send an `Idempotency-Key` with every POST that makes something.
* **Polling**: send the `ETag` back as `If-None-Match`; 304 spares the transfer; it counts as a request.
* **Large bodies** may be sent, and are answered, with gzip; lists of GUIDs also travel as CSV and NDJSON.
* **Times** are RFC 3339 with an offset; answers are in UTC. **GUIDs** are `XX-XX-XX-XX-XX-XX-XX-XX`.
* **Versions**: see `docs/reference/api.md` for what may change, and how long a deprecated part stays.
"""

_WHOLE_NUMBER: Final = {"schema": {"type": "integer"}}

#: What every operation refers to.
COMPONENTS: Final[dict[str, Any]] = {
    "securitySchemes": {
        "clientCredentials": {
            "type": "oauth2",
            "description": "A system of an organisation, made by its administrator.",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-portal_session",
            "description": "A person in a browser; changes need the header `X-CSRFToken` as well.",
        },
    },
    "headers": {
        "X-Request-ID": {
            "description": "Name it when you ask about a request.",
            "schema": {"type": "string"},
        },
        "RateLimit-Limit": {"description": "Requests a minute.", **_WHOLE_NUMBER},
        "RateLimit-Remaining": {"description": "What is left of this minute's.", **_WHOLE_NUMBER},
        "RateLimit-Reset": {"description": "Seconds until the next minute.", **_WHOLE_NUMBER},
        "Location": {
            "description": "Where it is found.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Link": {
            "description": 'The page after this one, as `next` has it: `<…>; rel="next"` (RFC 8288).',
            "schema": {"type": "string"},
        },
        "WWW-Authenticate": {
            "description": "How to log in, and which scope is missing (RFC 6750).",
            "schema": {"type": "string"},
        },
    },
    "schemas": {
        "Problem": {
            "type": "object",
            "description": "Why not (RFC 9457). Some problems carry more members; their page names them.",
            "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "description": "Stable."},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "What happened this time, for people."},
                "instance": {"type": "string", "format": "uri-reference"},
                "code": {"type": "string", "description": "The same as `type`, shorter. Stable."},
                "request_id": {"type": "string"},
                "errors": {
                    "type": "array",
                    "description": "Of `invalid_input`: each mistake.",
                    "items": {
                        "type": "object",
                        "properties": {
                            "at": {"type": "string", "description": "`pointer` or `parameter`."},
                            "pointer": {"type": "string", "description": "JSON pointer into the body."},
                            "parameter": {"type": "string", "description": "The parameter of the query."},
                            "detail": {"type": "string"},
                            "code": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}

_TAGS: Final = {
    "Access": "What your client may do, and its secrets.",
    "Approval rules": "Rules by which a Supplier answers by itself.",
    "Audit": "What was done, by whom, in a chain that shows changes.",
    "Batches": "The batches of a rollout after its pilot.",
    "Catalogue": "Hub models, and the Central Products List.",
    "Dashboard": "What you owe, and by when.",
    "Decisions": "Reviews, recommendations and signatures.",
    "Deliveries": "What the portal calls at your address.",
    "Estate": "Hubs, their history, labels and files.",
    "Events": "What happens to your hubs and rollouts.",
    "For CSPs": "Schedules, volumes and channels.",
    "Halt rules and phases": "When a rollout halts by itself, and how fast it goes.",
    "Hubs of a rollout": "Which hubs a rollout is for, and where each stands.",
    "Incidents": "What goes wrong with hubs, and what is known of it.",
    "Instructions": "What Suppliers want done with their hubs.",
    "Notices": "The inbox of a person.",
    "Operations": "Loading, alerts that fit nothing, and requirements.",
    "Pilots": "Nominations, and how the pilot goes.",
    "Selection rules": "Rules by which a Supplier chooses hubs.",
    "Steps": "What moves a rollout on.",
    "Rollouts": "Rollouts: drafts, previews, progress.",
    "Webhooks": "The addresses you are called at.",
}

SETTINGS: Final[dict[str, Any]] = {
    "TAGS": [{"name": name, "description": words} for name, words in _TAGS.items()],
    "CONTACT": {"name": "The DCC's service desk"},
    "TITLE": "Firmware Portal",
    "DESCRIPTION": _ABOUT,
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["portal.rest.description.only_resources"],
    "POSTPROCESSING_HOOKS": ["portal.rest.description.add_shared_components"],
    "APPEND_COMPONENTS": COMPONENTS,
    "PATH_CONVERTER_OVERRIDES": {
        "id": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "guid": {"type": "string", "pattern": "^[0-9A-F]{2}(-[0-9A-F]{2}){7}$"},
        "label": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[^/\\x00-\\x1f]+$"},
        "word": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"},
        **{
            kind: {"type": "string", "pattern": f"^{REFERENCE}$"}
            for kind in (
                "approval_rule",
                "incident",
                "incident_file",
                "selection_rule",
                "submission",
                "webhook",
            )
        },
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None, "docExpansion": "none"},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SORT_OPERATIONS": True,
    "SERVERS": [{"url": "/", "description": "This portal"}],
}
