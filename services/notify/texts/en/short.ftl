### What an SMS or a push says, on a screen that others may see: nothing of care, no name of anybody.

-name = Talon

# When, and where to. $where: "address" with $address (text), "online", or "nowhere"
# $first (time): when the first visit begins
# $more (number): how many other visits there are
short-visit = { $where ->
        [address] { short-first }, { $address }
        [online] { short-first } ({ MOMENT($first, pattern: "VVV") } time), online
       *[nowhere] { short-first }
    }{ $more ->
        [0] { "" }
        [one] , and { $more } more visit
       *[other] , and { $more } more visits
    }
short-first = { MOMENT($first, pattern: "d MMMM, HH:mm") }

short-BookingConfirmed = { -name }: you are booked, { short-visit }.
short-BookingRescheduled = { -name }: your visit was moved to { short-visit }.
short-BookingRevoked = { $by ->
        [clinic] { -name }: we are sorry, your visit had to be cancelled: { short-visit }.
       *[patient] { -name }: your visit is cancelled: { short-visit }.
    }
short-BookingMissed = { -name }: it was noted that nobody came: { short-visit }. If you were there, say so, and it is taken back.
short-BookingReinstated = { -name }: corrected, your visit does not count as missed: { short-visit }.
short-VisitReminder = { -name }: please remember your visit, { short-visit }.

# What may be answered to a reminder by a text message. $offer: "all", "cancel", "move", or "coming"
short-replying = { $offer ->
        [all] Reply 1: coming, 2: cancel, 3: another time.
        [cancel] Reply 1: coming, 2: cancel.
        [move] Reply 1: coming, 3: another time.
       *[coming] Reply 1 if you are coming.
    }

# What such an answer is answered. $says: "other_time", or why nothing was done
short-ReplyAnswer = { $says ->
        [other_time] { -name }: choose another time here.
        [not_by_reply] { -name }: this cannot be done by a reply, your message changed nothing. Please open the page.
        [ambiguous] { -name }: more than one visit is ahead, so your message changed nothing. Please choose the right one on the page.
        [not_understood] { -name }: this was not understood, and changed nothing. { short-replying }
       *[nothing] { -name }: there is nothing to answer any more, your message changed nothing. Please open the page.
    }

short-VisitAdmitted = { -name }: you are awaited now, please open the page.
short-VisitByPhone = { -name }: your visit is held by phone, you will be called.
short-VisitMissed = { $by ->
        [practitioner] { -name }: we are sorry, your visit was not held: { short-visit }. Please book another.
       *[patient] { -name }: you had not come in time: { short-visit }. If you still need it, book another.
    }

# What staff wrote for a phone is said instead, unless it has a word of care.
short-Announced = { -name }: there is news for you, please open the page.

short-perhaps-again = You may know this already.

coming =
    .label = I am coming
    .said = Thank you, it is noted that you are coming.
