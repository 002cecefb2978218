"""Below which value does a share of the values lie?"""


def quantile(ordered: list[float], share: float) -> float:
    """The value that this share of the ordered values does not exceed; 0 where there are none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
