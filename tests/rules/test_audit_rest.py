"""When is everything at rest, and what is said of what is not?"""

from talon.audit.quiet import WAITING_FOR, unrest

NOTHING = dict.fromkeys(WAITING_FOR, 0)


def test_nothing_left_to_do_is_rest():
    assert unrest(NOTHING) == ""


def test_what_is_left_to_do_is_named_and_counted():
    said = unrest(NOTHING | {"unsent": 1200, "undecided": 1})

    assert said == "1 wishes to decide, 1,200 messages to send"
