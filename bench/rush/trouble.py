"""What went wrong, in a line?"""


def told(reason: BaseException) -> str:
    """The mistake's words; of anything else its kind as well; of several together each."""
    if isinstance(reason, BaseExceptionGroup):
        return "; ".join(told(one) for one in reason.exceptions)
    words = " ".join(str(reason).split())
    kind = type(reason).__name__
    return words if kind == "MistakeError" and words else f"{kind}: {words}"
