"""How is a Struct written in JSON Schema, with the constraints of its fields?"""

from collections.abc import Iterable
from typing import Any

import msgspec

REF = "#/components/schemas/{name}"
_NULL = {"type": "null"}

Schema = dict[str, Any]


def schemas_of(types: Iterable[Any]) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """The schema of each type, and the components that they refer to."""
    asked = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(asked, ref_template=REF)
    # A default may be a tuple: said as JSON has it.
    plain: dict[str, Schema] = msgspec.json.decode(msgspec.json.encode(components))
    return dict(zip(asked, schemas, strict=True)), plain


def parameters_of(query: type[msgspec.Struct]) -> list[Schema]:
    """The query parameters that are the fields of a Struct."""
    _, components = schemas_of([query])
    schema = components[query.__name__]
    required = schema.get("required", [])
    return [
        _parameter(name, dict(field), required=name in required)
        for name, field in schema["properties"].items()
    ]


def _parameter(name: str, field: Schema, *, required: bool) -> Schema:
    """One parameter: left out is how nothing is said, so null is no value of it."""
    if field.get("default", field) is None:
        del field["default"]
    choices = [choice for choice in field.pop("anyOf", []) if choice != _NULL]
    if len(choices) == 1:
        field = choices[0] | field
    elif choices:
        field["anyOf"] = choices
    described = {"name": name, "in": "query", "required": required}
    about = field.pop("description", None)
    if about is not None:
        described["description"] = about
    return described | {"schema": field}
