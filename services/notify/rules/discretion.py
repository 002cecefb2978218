"""Does a text say what somebody needs care for? Then it is not for a screen that others may see."""

import re

MEDICAL = re.compile(
    r"clinic|doctor|physician|practitioner|nurse|patient|medic|hospital|health|vaccin|dose|"
    r"immuni[sz]|inoculat|\bshot|\bjab|therap|surg|oncolog|cancer|psych|addict|narco|venereal|"
    r"\bhiv\b|\baids\b|tubercul|gyn[ae]|matern|pediatr|paediatr|dental|dentist|dispensar|treatment|"
    r"клиник|врач|доктор|медсест|медицин|\bмед|пациент|больни[цч]|госпитал|здоров|здрав|прививк|вакцин|"
    r"\bдоз[аыуе]|терапи|терапев|хирург|онколог|рак[аеу]?\b|псих|нарколог|венеролог|\bвич\b|\bспид|"
    r"туберкул|тубдис|диспансер|гинеколог|роддом|родильн|педиатр|стоматолог|\bприём|\bприем|лечен",
    re.IGNORECASE,
)
"""Words of care by their beginnings. Which of them comes is not asked: none is said."""


def is_discreet(text: str) -> bool:
    """Whether it has no word of care in it, in any of the languages."""
    return MEDICAL.search(text) is None
