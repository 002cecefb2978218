### What an e-mail says. docs/texts.md tells how a message or a language is added.

# A visit's beginning in the middle of a sentence, by the clinic's clock.
# $first (time): when the first visit begins
first = { MOMENT($first, pattern: "d MMMM 'at' HH:mm") }

# Where a visit's time is told: one paragraph with the clinic's name and address.
# $begins, $ends (time): from when until when
# $places (number): for how many people, where there are several
visit =
    .when = { MOMENT($begins, pattern: "EEEE d MMMM y, HH:mm") } to { MOMENT($ends, pattern: "HH:mm") } ({ zone })
    .when-over-midnight = { MOMENT($begins, pattern: "EEEE d MMMM y, HH:mm") } to { MOMENT($ends, pattern: "EEEE d MMMM y, HH:mm") } ({ zone })
    .places = { $places ->
        [one] { $places } place
       *[other] { $places } places
    }
zone = { MOMENT($begins, pattern: "VVV") } time

# What a calendar shows on a screen that others may see.
calendar-entry = Visit


## One message for each kind of event

# $by: who booked it, "clinic" or "owner"
BookingConfirmed =
    .subject = Your visit on { first } is booked
    .said = { $by ->
        [clinic] The clinic booked your visit for you.
       *[owner] Your visit is booked.
    }

# The new visits follow on .now, the old ones on .before.
BookingRescheduled =
    .subject = Your visit was moved to { first }
    .now = Your visit was moved. It is now:
    .before = It is no longer:

# $by: who cancelled it, "clinic" or "patient"
BookingRevoked =
    .subject = Your visit on { first } is cancelled
    .said = { $by ->
        [clinic] The clinic cancelled your visit.
       *[patient] Your visit is cancelled.
    }

BookingMissed =
    .subject = You missed your visit on { first }
    .said = The clinic says that nobody came to this visit.
    .then = If you still need it, book another: nothing stands in the way of that. If you were there, tell the clinic: it can take this back.

BookingReinstated =
    .subject = Your visit on { first } was not missed
    .said = The clinic has corrected its records: your visit does not count as missed.
    .then = There is nothing that you need to do.

VisitReminder =
    .subject = A reminder of your visit on { first }
    .said = Please remember your visit.

# What a text message of theirs is answered. $says: "other_time", or why nothing was done
ReplyAnswer =
    .subject = An answer to your message
    .said = { $says ->
        [other_time] You can choose another time for your visit.
        [not_by_reply] This cannot be done by a reply: your message changed nothing. Please sign in.
        [ambiguous] You have more than one visit ahead, so your message changed nothing. Please sign in and choose the right one.
        [not_understood] Your message was not understood, and changed nothing.
       *[nothing] There is nothing to answer any more: your message changed nothing. Please sign in to see what you have.
    }

VisitAdmitted =
    .subject = The doctor is ready for you
    .said = The doctor is ready for your visit now.

VisitByPhone =
    .subject = Your visit is held by phone
    .said = Your visit is held by phone: the clinic calls you.

# $by: who did not come, "practitioner" or "patient"
VisitMissed =
    .subject = { $by ->
        [practitioner] Your visit on { first } was not held
       *[patient] You missed your visit on { first }
    }
    .said = { $by ->
        [practitioner] You had come, and were not called in. We are sorry. Please book another visit.
       *[patient] You had not come to your visit in time. If you still need it, book another.
    }


## What stands below it. Addresses stand between .before and .after, each on a line of its own.

confirming =
    .before = If you are coming, tell the clinic here, without signing in, by one button:

moving =
    .before = If another time suits you better, choose it here, without signing in:

cancelling =
    .before = If you cannot come, cancel here, without signing in; the page asks once more:
    .after = Whoever has this address can cancel your visit, so keep it to yourself.

# $people (number): how many people come by how many addresses
joining =
    .before = { $people ->
        [1] The visit is held from afar. Come to its page by this address; it says when it opens:
       *[other] The visits are held from afar, each by an address of its own, in the order of the places. The page says when it opens:
    }
    .after = { $people ->
        [1] The address is for one person, who may use it again after a lost connection.
       *[other] Each address is for one person, who may use it again after a lost connection.
    }

returning =
    .before = Come to the page again by this address:

unsubscribing =
    .before = To get no more of such messages, open this address; the page asks once more:

# Where the same was sent by another way, and nobody knows whether it arrived.
perhaps-again = You may have had this message already, by another way: we could not find out whether it reached you. If it did, nothing here is new.

closing = This message was sent automatically; replies to it are not read.
