"""To which apps is anything pushed, what stands on it, and what does Apple's answer mean?"""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels import Dispatch
from services.notify.channels.mobile_push import MobilePush, Signer, outcome_of
from services.notify.channels.mobile_push.connection import Answer, trust
from services.notify.channels.mobile_push.content import CONTENT_BYTES_MAX, content_of
from services.notify.channels.sms import Plugged
from services.notify.rules import (
    LATER,
    NEVER,
    Accepted,
    Gone,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
)
from services.notify.rules.apps import (
    AppAddress,
    KnownApps,
    kept_until,
    name_of,
    priority_of,
    signed_at,
    wrong_with_app,
)
from services.notify.rules.discretion import is_discreet
from services.notify.rules.push import PushServices
from services.notify.speaking import providers, pushed_by
from services.notify.texts import LOCALES, short
from talon.previews import examples
from tests.certificates import a_certificate, a_key, public_half
from tests.notify_apns import APP, KEY, KEY_ID, OURS, TEAM_ID, a_phone
from tests.notify_bookings import cancelled, confirmed
from tests.notify_doors import a_config

NOON = datetime(2100, 7, 1, 9, 0, tzinfo=UTC)
KNOWN = KnownApps.parse(f"{APP}, org.example.talon.beta", "production")
HOUR = timedelta(hours=1)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


# ---- whose address is taken ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "app", "environment", "wrong"),
    [
        ("ab" * 32, APP, "production", None),
        ("ab" * 100, "org.example.talon.beta", "production", None),
        ("ab" * 31, APP, "production", "hexadecimal"),
        ("ab" * 101, APP, "production", "hexadecimal"),
        ("ab" * 32 + "a", APP, "production", "hexadecimal"),
        ("AB" * 32, APP, "production", "hexadecimal"),
        ("../" + "ab" * 32, APP, "production", "hexadecimal"),
        ("ab" * 32 + "\n", APP, "production", "hexadecimal"),
        ("ab" * 32, "org.example.another", "production", "no others are known"),
        ("ab" * 32, APP, "sandbox", "no others are known"),
    ],
)
def test_an_address_is_a_token_of_an_app_of_ours_where_it_is_good(
    token: str, app: str, environment: str, wrong: str | None
) -> None:
    address = AppAddress(token, app, environment)

    said = wrong_with_app(address, KNOWN)

    assert said is None if wrong is None else wrong in str(said)
    assert token not in repr(address)


@given(st.text(alphabet="0123456789abcdefABCDEFg/.%? \n", max_size=210))
def test_what_is_taken_is_nothing_but_a_piece_of_a_path(token: str) -> None:
    if wrong_with_app(AppAddress(token, APP, "production"), KNOWN) is None:
        assert len(bytes.fromhex(token)) * 2 == len(token) >= 64
        assert token == token.lower()


@pytest.mark.parametrize("named", ["talon", "org.example.*", "org.example/talon", "a." * 80 + "b"])
def test_an_app_has_the_name_that_its_maker_gave_it(named: str) -> None:
    with pytest.raises(ValueError, match="no bundle id"):
        KnownApps.parse(named, "production")


def test_without_a_name_no_app_is_known() -> None:
    assert KnownApps.parse("", "production") == KnownApps()
    assert not KnownApps().take(a_phone())


def test_an_app_of_android_that_speaks_web_push_is_told_like_a_browser() -> None:
    services = PushServices.parse("ntfy.example.org")

    assert services.take("https://ntfy.example.org/upAbCdEf0123456789?up=1")


# ---- what stands on a message --------------------------------------------------------------------


@given(moments, moments)
def test_a_signature_is_young_enough_and_not_too_often_a_new_one(
    one: datetime, other: datetime
) -> None:
    first, second = signed_at(one), signed_at(other)

    assert timedelta(0) <= one - datetime.fromtimestamp(first, UTC) < HOUR
    assert first == second or abs(first - second) >= 20 * 60


def test_apple_knows_who_asks_by_the_key_that_it_gave() -> None:
    signer = Signer.of(KEY, KEY_ID, TEAM_ID)
    header = signer.authorization(NOON)
    kind, _, token = header.partition(" ")

    claims = jwt.decode(token, public_half(KEY), ["ES256"], options={"verify_iat": False})

    assert kind == "bearer"
    assert jwt.get_unverified_header(token)["kid"] == KEY_ID
    assert claims == {"iss": TEAM_ID, "iat": signed_at(NOON)}
    assert signer.authorization(NOON + timedelta(minutes=10)) == header
    assert signer.authorization(NOON + HOUR) != header
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, public_half(a_key()), ["ES256"], options={"verify_iat": False})


@pytest.mark.parametrize("pem", ["", "no key", public_half(KEY), KEY.replace("M", "N", 1)])
def test_what_is_no_key_signs_nothing_and_is_told_without_being_said(pem: str) -> None:
    with pytest.raises(ValueError, match="the key of mobile push") as raised:
        Signer.of(pem, KEY_ID, TEAM_ID)

    assert not pem or pem not in str(raised.value)


@pytest.mark.parametrize("missing", ["apns_key_id", "apns_team_id", "apns_apps"])
def test_a_key_alone_is_not_enough_and_that_is_said_at_the_start(missing: str) -> None:
    with pytest.raises(ValueError, match="APNS_KEY needs"):
        a_config("none", **OURS | {missing: ""})


def test_it_goes_to_apple_s_own_servers_unless_another_is_set() -> None:
    hosts = [
        MobilePush.of(a_config("none", **OURS | more)).peer[:2]
        for more in ({}, {"apns_environment": "sandbox"}, {"apns_server": "push.example.org:8443"})
    ]

    assert hosts == [
        ("api.push.apple.com", 443),
        ("api.sandbox.push.apple.com", 443),
        ("push.example.org", 8443),
    ]


def test_who_has_an_app_of_their_own_speaks_to_it_and_who_has_none_does_not() -> None:
    def channels(**settings: str) -> list[str]:
        return [each.channel for each in providers(a_config("none", **settings), Plugged([], []))]

    assert channels() == ["email", "list", "web_push", "mobile_push"]
    assert channels(apns_key="") == ["email", "list", "web_push"]
    assert pushed_by(a_config("none")).apps == KnownApps((APP,), "production")
    assert pushed_by(a_config("none", apns_key="")).apps == KnownApps()


def test_whoever_is_certified_by_the_given_file_is_trusted_and_nobody_else(tmp_path: Path) -> None:
    certificate, _ = a_certificate()
    (tmp_path / "ca.pem").write_text(certificate)

    own = trust(str(tmp_path / "ca.pem"))

    assert len(own.get_ca_certs()) == 1
    for context in (own, trust("")):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_messages_have_a_name_on_each_phone_that_stays() -> None:
    key, one, other = uuid4(), a_phone(1).token, a_phone(2).token

    assert name_of(key, one) == name_of(key, one) != name_of(key, other)
    assert name_of(uuid4(), one) != name_of(key, one)


def test_apple_keeps_nothing_longer_than_it_is_true() -> None:
    assert kept_until(NOON, NOON + HOUR) == int((NOON + HOUR).timestamp())
    assert kept_until(NOON, NOON + timedelta(days=90)) == int(
        (NOON + timedelta(days=30)).timestamp()
    )


def test_a_phone_is_woken_for_what_cannot_wait() -> None:
    assert priority_of(cancelled(confirmed().places[0], version=2)) == "10"
    assert priority_of(confirmed()) == "5"


@pytest.mark.parametrize("language", sorted(LOCALES))
def test_whatever_is_pushed_fits_and_says_nothing_that_others_may_not_see(language: str) -> None:
    for example in examples():
        dispatch = Dispatch(
            event=example.event,
            key=uuid4(),
            recipient="",
            language=language,
            at=NOON,
            expires_at=NOON + HOUR,
            confirm_at=example.confirm_at,
        )

        content = content_of(dispatch, short(example.event, language))

        said = msgspec.json.decode(content)
        assert len(content) <= CONTENT_BYTES_MAX
        assert set(said) == {"aps", "url", "tag", "lang"}
        assert said["aps"]["alert"]["title"] == "Talon"
        assert is_discreet(said["aps"]["alert"]["body"])
        assert "link" not in content.decode()


def test_what_is_too_long_is_not_begun() -> None:
    dispatch = Dispatch(
        event=confirmed(), key=uuid4(), recipient="", at=NOON, expires_at=NOON + HOUR
    )
    rest = CONTENT_BYTES_MAX - len(content_of(dispatch, ""))

    assert len(content_of(dispatch, "x" * rest)) == CONTENT_BYTES_MAX
    with pytest.raises(ValueError, match="too long"):
        content_of(dispatch, "x" * (rest + 1))


# ---- what is said to it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        (200, "", Accepted("a-name")),
        (400, "BadDeviceToken", Gone()),
        (400, "DeviceTokenNotForTopic", Gone()),
        (400, "BadTopic", Refused(NEVER, "apns, 400 BadTopic")),
        (400, "TopicDisallowed", Refused(NEVER, "apns, 400 TopicDisallowed")),
        (400, "IdleTimeout", Refused(LATER, "apns, 400 IdleTimeout")),
        (403, "ExpiredProviderToken", Refused(LATER, "apns, 403 ExpiredProviderToken")),
        (403, "InvalidProviderToken", Refused(NEVER, "apns, 403 InvalidProviderToken")),
        (403, "BadDeviceToken", Refused(NEVER, "apns, 403 BadDeviceToken")),
        (404, "BadPath", Refused(NEVER, "apns, 404 BadPath")),
        (410, "Unregistered", Gone()),
        (410, "ExpiredToken", Gone()),
        (413, "PayloadTooLarge", Refused(NEVER, "apns, 413 PayloadTooLarge")),
        (429, "TooManyRequests", SlowDown(7.0)),
        (429, "TooManyProviderTokenUpdates", SlowDown(7.0)),
        (500, "InternalServerError", NotHandedOver("500")),
        (502, "", Unanswered()),
        (503, "ServiceUnavailable", SlowDown(7.0)),
        (504, "", Unanswered()),
        (301, "", Refused(NEVER, "apns, 301")),
    ],
)
def test_what_apple_s_answer_means(status: int, reason: str, outcome: Outcome) -> None:
    headers = {"apns-id": "a-name", "retry-after": "7"}
    body = msgspec.json.encode({"reason": reason, "timestamp": 1}) if reason else b""

    assert outcome_of(Answer(status, headers, body), NOON) == outcome


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"reason": 1}', b'{"reason": "a@example.org said so"}']
)
def test_of_an_answer_nothing_gets_into_a_note_but_apple_s_own_words(body: bytes) -> None:
    assert outcome_of(Answer(400, {}, body), NOON) == Refused(NEVER, "apns, 400")
    assert outcome_of(Answer(410, {}, body), NOON) == Gone()
