"""What does the front desk tell of a person, to those who keep something of theirs? Ids alone."""

from uuid import UUID

from shared.messages.words import Message


class PersonErased(Message, frozen=True, kw_only=True):
    """Nothing of this person is to be readable any more, wherever it is kept."""

    person_id: UUID
