"""What can go wrong that a sentence explains better than a traceback?"""


class MistakeError(Exception):
    """What was asked for cannot be done now; the message says why and what to do."""
