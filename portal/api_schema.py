"""The description of the REST interface as a whole: title, security, shared parts; see portal.rest."""

from __future__ import annotations

from typing import Any, Final

VERSION: Final = "1.0.0"

_ABOUT: Final = """\
Everything a Supplier, the DCC or a CSP can see or do in the portal, for their systems.

* **Log in** with OAuth 2 client credentials: `POST /oauth/token`. Tokens last ten minutes.
* **Pages**: lists answer `items` and `next`, the address of the page after; follow it until it is null.
* **Refusals** are problem details (RFC 9457); each `type` is stable: see `docs/reference/problems.md`.
* **Twice is once**: send an `Idempotency-Key` with every POST that makes something.
* **Polling**: send the `ETag` back as `If-None-Match`; 304 costs you nothing.
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
            "name": "portal_session",
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
        "Location": {"description": "Where it is found.", "schema": {"type": "string"}},
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
                            "at": {"type": "string", "description": "JSON pointer, or the parameter."},
                            "detail": {"type": "string"},
                            "code": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}

SETTINGS: Final[dict[str, Any]] = {
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
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None, "docExpansion": "none"},
    "SORT_OPERATIONS": True,
    "SERVERS": [{"url": "/", "description": "This portal"}],
}
