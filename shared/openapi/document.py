"""How does all that can be asked of a service become one OpenAPI document?"""

from collections.abc import Mapping

import msgspec

from shared.openapi.operations import HEADERS, PARAMETERS, operation, types_of
from shared.openapi.problems import ProblemKind
from shared.openapi.routes import Api
from shared.openapi.schemas import Schema, schemas_of

OPENAPI = "3.1.0"
VERSION = "1"
"""Of the interface: the v1 in its paths. What is only added does not change it."""

LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A JWT signed with ES256 or EdDSA: `sub` is the person's id, `roles` and"
    " `clinics` say what they may do.",
}


DOCUMENT_TAG = {"document": "This description of all that can be asked."}


def document(api: Api) -> Schema:
    """The service's document."""
    schemas, components = schemas_of(types_of(api, api.routes))
    paths: dict[str, Schema] = {}
    kinds: dict[str, ProblemKind] = {}
    for route in api.routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(api, route, schemas)
        kinds |= {kind.code: kind for kind in api.kinds(route)}
    return assembled(
        title=api.title,
        about=api.about,
        tags=dict(api.tags) | DOCUMENT_TAG,
        paths=paths,
        components={
            "schemas": components,
            "examples": {code: {"value": kind.example()} for code, kind in kinds.items()},
        },
    )


def assembled(
    *,
    title: str,
    about: str,
    tags: Mapping[str, str],
    paths: Schema,
    components: dict[str, Schema],
) -> Schema:
    """What every document of ours has around its paths; sorted, so that equal is equal."""
    shared = {
        "parameters": PARAMETERS,
        "headers": {
            name: {"description": about, "schema": {"type": "string"}}
            for name, about in HEADERS.items()
        },
        "securitySchemes": {"bearer": BEARER},
    }
    return {
        "openapi": OPENAPI,
        "info": {"title": title, "version": VERSION, "description": about, "license": LICENCE},
        "servers": [{"url": "/", "description": "Where this document came from."}],
        "tags": [{"name": name, "description": tags[name]} for name in sorted(tags)],
        "paths": dict(sorted(paths.items())),
        "components": {
            section: dict(sorted(named.items())) for section, named in (components | shared).items()
        },
    }


def encoded(document: Schema) -> bytes:
    """The document as it is served: the same bytes for the same routes, and fit to be read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
