"""To whom is anything pushed, and what does a push service's answer mean?"""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_vapid import Vapid02
from yarl import URL

from services.notify.channels.web_push import Signer, outcome_of
from services.notify.rules import (
    Accepted,
    Gone,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
)
from services.notify.rules.push import (
    PushServices,
    Subscription,
    SubscriptionKeys,
    topic_of,
    ttl_seconds,
    urgency_of,
    wrong_with_subscription,
)
from tests.notify_bookings import cancelled, confirmed
from tests.notify_push_service import AUTH, P256DH

NOON = datetime(2100, 7, 1, 9, 0, tzinfo=UTC)
KNOWN = PushServices.parse("fcm.googleapis.com, *.push.apple.com")
HERE = PushServices.parse("http://127.0.0.1:8090")
SECRET = "2Vd5QdTlTwsSWYsJiqDxKCLMW7oQ2EFLu2mqqKrEMlE"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def-1_2",
        "https://fcm.googleapis.com:443/fcm/send/abc?x=%2F",
        "https://web.push.apple.com/QaBcD",
        "https://a.b.push.apple.com/",
    ],
)
def test_what_a_known_push_service_gave_is_taken(endpoint: str) -> None:
    assert KNOWN.take(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://fcm.googleapis.com",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com@evil.example/",
        "https://evil.example\\@fcm.googleapis.com/",
        "https://fcm.googleapis.com.evil.example/",
        "https://xfcm.googleapis.com/",
        "https://push.apple.com/",
        "https://evilpush.apple.com/",
        "https://FCM.googleapis.com/",
        "https://fcm.googleapis.com/ x",
        "https://fcm.googleapis.com/\r\nHost: x",
        "https://127.0.0.1/",
        "http://127.0.0.1:8090/x",
        "https://[::1]/",
        "https://fcm.googleapis.com/" + "x" * 1_000,
        "",
    ],
)
def test_nobody_else_is_asked_because_somebody_gave_their_address(endpoint: str) -> None:
    assert not KNOWN.take(endpoint)


@given(st.text(alphabet="htps:/.@\\#?%[]fcmgoleaips127x", max_size=60))
def test_what_is_taken_is_read_as_a_known_host_by_who_asks_it(rest: str) -> None:
    for endpoint in (rest, f"https://{rest}", f"https://fcm.googleapis.com{rest}"):
        if KNOWN.take(endpoint):
            url = URL(endpoint, encoded=True)
            assert url.scheme == "https"
            assert url.port == 443
            assert url.user is None
            assert url.host == "fcm.googleapis.com" or str(url.host).endswith(".push.apple.com")


def test_without_tls_only_this_machine_is_asked_and_only_where_that_is_said() -> None:
    assert HERE.take("http://127.0.0.1:8090/notify/1")
    assert not HERE.take("http://127.0.0.1:8091/notify/1")
    assert not HERE.take("https://127.0.0.1:8090/notify/1")
    with pytest.raises(ValueError, match="no host such as"):
        PushServices.parse("http://push.example")


@pytest.mark.parametrize(
    ("p256dh", "auth", "wrong"),
    [
        (P256DH, AUTH, None),
        (P256DH + "=", AUTH + "==", None),
        (P256DH[:-4] + "AAAA", AUTH, "point of P-256"),
        (P256DH[:20], AUTH, "point of P-256"),
        (P256DH, "AAAA", "16 bytes"),
        (P256DH, "ключ", "16 bytes"),
        ("", "", "point of P-256"),
        (P256DH, "A" * 5_000, "16 bytes"),
    ],
)
def test_a_device_s_keys_are_looked_at_before_they_are_kept(
    p256dh: str, auth: str, wrong: str | None
) -> None:
    one = Subscription("https://fcm.googleapis.com/fcm/send/1", SubscriptionKeys(p256dh, auth))

    said = wrong_with_subscription(one, KNOWN)

    assert said is None if wrong is None else wrong in str(said)
    assert P256DH not in repr(one)
    assert "fcm" not in repr(one)


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [
        (201, "", Accepted()),
        (202, "", Accepted()),
        (301, "", Refused(554, "push, status 301")),
        (400, "", Refused(554, "push, status 400")),
        (403, "", Refused(554, "push, status 403")),
        (404, "", Gone()),
        (410, "", Gone()),
        (413, "", Refused(554, "push, status 413")),
        (429, "120", SlowDown(120.0)),
        (429, "Thu, 01 Jul 2100 09:00:30 GMT", SlowDown(30.0)),
        (429, "Thu, 01 Jul 2100 08:00:00 GMT", SlowDown(1.0)),
        (429, "9999999", SlowDown(3_600.0)),
        (429, "soon", SlowDown(10.0)),
        (503, "", SlowDown(10.0)),
        (500, "", NotHandedOver("500")),
        (502, "", Unanswered()),
        (504, "", Unanswered()),
    ],
)
def test_what_a_push_service_s_answer_means(
    status: int, retry_after: str, outcome: Outcome
) -> None:
    assert outcome_of(status, retry_after, NOON) == outcome


def test_messages_of_one_booking_take_each_other_s_place_and_no_others() -> None:
    one, other = uuid4(), uuid4()

    assert topic_of(one) == topic_of(one) != topic_of(other)
    assert len(topic_of(one)) <= 32


def test_a_device_is_woken_for_what_cannot_wait() -> None:
    assert urgency_of(cancelled(confirmed().places[0], version=2)) == "high"
    assert urgency_of(confirmed()) == "normal"


def test_a_push_service_keeps_nothing_longer_than_it_is_true() -> None:
    assert ttl_seconds(NOON, NOON + timedelta(minutes=2)) == 120
    assert ttl_seconds(NOON, NOON - timedelta(minutes=2)) == 0
    assert ttl_seconds(NOON, NOON + timedelta(days=300)) == 28 * 24 * 3_600


def test_a_signature_is_for_one_service_and_made_anew_in_time() -> None:
    signer = Signer.of(SECRET, "mailto:a@talon.example")
    one = signer.authorization("https://fcm.googleapis.com", NOON)

    assert Vapid02.verify(one)
    assert signer.authorization("https://fcm.googleapis.com", NOON + timedelta(hours=5)) == one
    assert signer.authorization("https://fcm.googleapis.com", NOON + timedelta(hours=7)) != one
    assert signer.authorization("https://web.push.apple.com", NOON) != one
    assert one.endswith(f"k={signer.public_key}")


@pytest.mark.parametrize("secret", ["", "AAAA", "not base64!", "A" * 43])
def test_what_is_no_key_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|base64|padding|positive"):
        Signer.of(secret, "mailto:a@talon.example")


@pytest.mark.parametrize("contact", ["", "a@talon.example", "mailto:nobody", "ftp://talon.example"])
def test_who_says_no_contact_learns_it_at_the_start_and_not_with_a_message(contact: str) -> None:
    with pytest.raises(ValueError, match="contact"):
        Signer.of(SECRET, contact)
