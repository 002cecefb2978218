"""Which phone numbers does the messenger take, and what does it say of the others?"""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules.phones import prefix_of, region_of, wrong_with_phone

RUSSIA = frozenset({"RU"})


@pytest.mark.parametrize("phone", ["+79161234567", "+79991234567", "+79001234567"])
def test_a_mobile_number_of_the_country_is_good(phone: str):
    assert wrong_with_phone(phone, RUSSIA) is None


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "89161234567",
        "+7 916 123-45-67",
        "+7(916)1234567",
        "tel:+79161234567",
        "+79161234567;ext=5",
        "+7916123456७",
        "+79161234567\n",
        "+7916123456700000",
        "+0916123456",
    ],
)
def test_what_is_not_written_as_a_plus_and_digits_is_asked_for_anew(phone: str):
    assert "with a plus" in str(wrong_with_phone(phone, RUSSIA))


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("+7916123456", "no such phone number"),
        ("+74951234567", "mobile phone"),
        ("+78001234567", "mobile phone"),
        ("+77011234567", "that country"),
        ("+380501234567", "that country"),
        ("+12025550123", "that country"),
    ],
)
def test_a_number_that_is_not_sent_to_says_why(phone: str, said: str):
    assert said in str(wrong_with_phone(phone, RUSSIA))


def test_a_number_of_another_country_is_good_where_that_country_is_set():
    assert wrong_with_phone("+77011234567", frozenset({"RU", "KZ"})) is None


def test_the_prefix_is_the_countrys_code_and_the_operators_digits():
    assert prefix_of("+79161234567") == "+7916"
    assert prefix_of("+380501234567") == "+380501"
    assert region_of("+79161234567") == "RU"
    assert region_of("+999123456") == "ZZ"


@given(st.text(max_size=20) | st.from_regex(r"\+[0-9]{1,16}", fullmatch=True))
def test_whatever_passes_is_the_one_way_to_write_the_number(phone: str):
    if wrong_with_phone(phone, RUSSIA) is None:
        number = phonenumbers.parse(phone)

        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

        assert phone == written
        assert phone.startswith(prefix_of(phone))
        assert phone[1:].isdecimal()
        assert phone.isascii()
