"""Does what is written today read what was written yesterday, and does no person cross with it?"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared import messages
from shared.messages import Command, Message
from shared.topics import TOPICS, Topic

EXAMPLES = Path(__file__).parent / "examples"
CARRYING = [topic for topic in TOPICS if topic.carries is not None]

OF_A_PERSON = re.compile(
    r"(^|_)(name|surname|patronymic|phone|mobile|e?mail|birth|born|birthday|age|sex|gender|address"
    r"|passport|snils|policy|insurance|diagnosis|symptom|note|comment)(_|$|s$)"
)
OF_A_CLINIC = {
    ("OpenClinic", "name"),
    ("OpenClinic", "address"),
    ("ChangeClinic", "name"),
    ("ChangeClinic", "address"),
    ("ClinicChanged", "name"),
    ("ClinicChanged", "address"),
    ("ClinicOpened", "name"),
    ("ClinicOpened", "address"),
    ("TakenPlace", "clinic_name"),
    ("TakenPlace", "clinic_address"),
    ("BookedPlace", "clinic_name"),
    ("BookedPlace", "clinic_address"),
}


def _below(kind: type[Message]) -> Iterator[type[Message]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


MESSAGES = sorted(
    {
        kind
        for kind in _below(Message)
        if kind.__module__.startswith(f"{messages.__name__}.") and not kind.__subclasses__()
    },
    key=lambda kind: kind.__name__,
)
"""Every class that nothing is derived from; the others are only heads."""

COMMANDS = [kind for kind in MESSAGES if issubclass(kind, Command)]
STRUCTS = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
]
READINGS = [
    pytest.param(topic, kind, id=f"{topic.name} {kind.__name__}")
    for topic in CARRYING
    for kind in topic.kinds
]


def _example(kind: type[Message]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{kind.__name__}.json").read_text("utf-8"))
    return found


def _as_json(message: Message) -> Any:
    return json.loads(msgspec.json.encode(message))


def _written(topic: Topic, example: dict[str, Any]) -> bytes:
    """The example as another version's bytes in the topic's form, whatever fields it has."""
    if topic.form == "json":
        return json.dumps(example).encode()
    return msgspec.msgpack.encode(_with_raw_bytes(example))


def _read(topic: Topic, value: bytes) -> Any:
    form = msgspec.json if topic.form == "json" else msgspec.msgpack
    return form.Decoder(topic.carries).decode(value)


def _with_raw_bytes(value: Any, name: str = "") -> Any:
    """JSON spells bytes in base64, msgpack has them as they are."""
    if isinstance(value, dict):
        return {key: _with_raw_bytes(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_raw_bytes(inner) for inner in value]
    if name in ("claim", "body_hash") and value is not None:
        return msgspec.convert(value, bytes)
    return value


def _with_more(value: Any) -> Any:
    """The same, with a field that nobody here knows, at every depth."""
    if isinstance(value, dict):
        return {key: _with_more(inner) for key, inner in value.items()} | {"of_tomorrow": [1]}
    if isinstance(value, list):
        return [_with_more(inner) for inner in value]
    return value


def test_every_message_has_exactly_one_example_on_file():
    on_file = sorted(path.name for path in EXAMPLES.iterdir())

    assert on_file == [f"{kind.__name__}.json" for kind in MESSAGES]


def test_every_message_is_carried_by_a_topic():
    carried = {kind for topic in CARRYING for kind in topic.kinds}

    assert carried == set(MESSAGES)


@pytest.mark.parametrize("kind", MESSAGES)
def test_an_example_reads_as_its_class_and_is_written_the_same_again(kind: type[Message]):
    example = _example(kind)

    message = msgspec.json.decode(json.dumps(example), type=kind)

    assert example["type"] == kind.__name__
    assert _as_json(message) == example


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_survives_the_form_it_travels_in(kind: type[Message]):
    command = msgspec.json.decode(json.dumps(_example(kind)), type=kind)

    there = msgspec.msgpack.encode(command)
    back = msgspec.msgpack.Decoder(messages.SlotCommand).decode(there)

    assert type(back) is kind
    assert back == command
    assert msgspec.msgpack.encode(back) == there


@pytest.mark.parametrize(("topic", "kind"), READINGS)
def test_a_topic_s_reader_knows_every_message_in_it(topic: Topic, kind: type[Message]):
    example = _example(kind)

    message = _read(topic, _written(topic, example))

    assert type(message) is kind
    assert _as_json(message) == example


@pytest.mark.parametrize(("topic", "kind"), READINGS)
def test_a_field_of_a_later_version_is_passed_over(topic: Topic, kind: type[Message]):
    example = _example(kind)

    message = _read(topic, _written(topic, _with_more(example)))

    assert _as_json(message) == example


@pytest.mark.parametrize(("topic", "kind"), READINGS)
def test_a_field_with_a_default_may_be_missing(topic: Topic, kind: type[Message]):
    late = {field.name for field in msgspec.structs.fields(kind) if not field.required}
    example = {name: value for name, value in _example(kind).items() if name not in late}

    message = _read(topic, _written(topic, example))

    assert type(message) is kind


@pytest.mark.parametrize("topic", CARRYING, ids=lambda topic: topic.name)
def test_a_tag_that_nobody_knows_is_no_message(topic: Topic):
    example = _example(topic.kinds[0]) | {"type": "PlacesDreamt"}

    with pytest.raises(msgspec.ValidationError, match="PlacesDreamt"):
        _read(topic, _written(topic, example))


@pytest.mark.parametrize("kind", STRUCTS)
def test_only_ids_of_persons_cross(kind: type[msgspec.Struct]):
    smells = {
        (kind.__name__, field)
        for field in kind.__struct_fields__
        if OF_A_PERSON.search(field) and (kind.__name__, field) not in OF_A_CLINIC
    }

    assert smells == set()


def test_what_is_said_of_clinics_is_still_said():
    said = {(kind.__name__, field) for kind in STRUCTS for field in kind.__struct_fields__}

    assert said >= OF_A_CLINIC
