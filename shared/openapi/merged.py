"""How do the documents of several services become one, as the edge is one address for all?

A name that two services give to the same thing stays; one that they give to different things is
prefixed by the service in both.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from shared.openapi.document import assembled
from shared.openapi.schemas import Schema

NAMED = ("schemas", "examples")
"""The components that services name by themselves; the others are the same everywhere."""


def merged(documents: Mapping[str, Schema], *, title: str, about: str) -> Schema:
    """One document of all services' paths; two that claim one operation differently are a bug."""
    apart = _told_apart(documents)
    paths: dict[str, Schema] = {}
    tags: dict[str, str] = {}
    components: dict[str, Schema] = {section: {} for section in NAMED}
    for service, document in documents.items():
        names = {ref: _prefixed(service, ref) for ref in apart}
        for path, operations in _rewritten(document["paths"], names).items():
            _add(paths.setdefault(path, {}), operations, where=path)
        for section in NAMED:
            for name, content in document["components"][section].items():
                ref = _ref(section, name)
                named = names.get(ref, ref).rpartition("/")[2]
                components[section][named] = _rewritten(content, names)
        tags |= {tag["name"]: tag["description"] for tag in document["tags"]}
    return assembled(title=title, about=about, tags=tags, paths=paths, components=components)


def _add(before: Schema, operations: Schema, *, where: str) -> None:
    for method, operation in operations.items():
        if before.setdefault(method, operation) != operation:
            raise ValueError(f"two services answer {method.upper()} {where} differently")


def _told_apart(documents: Mapping[str, Schema]) -> set[str]:
    """What differs between services, or refers to something that does."""
    found: dict[str, list[Any]] = defaultdict(list)
    for document in documents.values():
        for section in NAMED:
            for name, content in document["components"][section].items():
                found[_ref(section, name)].append(content)
    shared = {ref: contents for ref, contents in found.items() if len(contents) > 1}
    apart = {ref for ref, contents in shared.items() if any(c != contents[0] for c in contents)}
    while (
        more := {ref for ref, (content, *_) in shared.items() if apart & set(_refs(content))}
        - apart
    ):
        apart |= more
    return apart


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs(inner)


def _rewritten(value: Any, names: Mapping[str, str]) -> Any:
    """The same with every reference to a renamed thing renamed."""
    if isinstance(value, dict):
        return {
            key: names.get(inner, inner) if key == "$ref" else _rewritten(inner, names)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_rewritten(inner, names) for inner in value]
    return value


def _ref(section: str, name: str) -> str:
    return f"#/components/{section}/{name}"


def _prefixed(service: str, ref: str) -> str:
    section, _, name = ref.rpartition("/")
    return f"{section}/{service}.{name}"
