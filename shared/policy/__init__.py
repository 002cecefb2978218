"""Who may do what, and of whose things? One table, looked up in one place for every route.

`permissions.txt` the table · `table` its lines as rules · `gate` where a request is held to its
rule · `glass` what is seen of another's with a reason, and who is told of it.
"""

from shared.policy.gate import Allowed, Gate, allowed
from shared.policy.glass import (
    REASON_HEADER,
    REASON_LENGTH_MAX,
    REASON_LENGTH_MIN,
    Access,
    Accesses,
    LoggedAccesses,
)
from shared.policy.table import OF_A_CLINIC, POLICY, ROLES, MissingRuleError, Reach, Rule, rule_of

__all__ = [
    "OF_A_CLINIC",
    "POLICY",
    "REASON_HEADER",
    "REASON_LENGTH_MAX",
    "REASON_LENGTH_MIN",
    "ROLES",
    "Access",
    "Accesses",
    "Allowed",
    "Gate",
    "LoggedAccesses",
    "MissingRuleError",
    "Reach",
    "Rule",
    "allowed",
    "rule_of",
]
