"""Who may do what, and of whose things? One table, looked up in one place for every route.

`permissions.txt` the table · `table` its lines as rules · `gate` where a request is held to its
rule · `glass` the reason that is given to see what is another's.
"""

from shared.policy.gate import Allowed, Gate, allowed
from shared.policy.glass import REASON_HEADER, REASON_LENGTH_MAX, REASON_LENGTH_MIN
from shared.policy.table import OF_A_CLINIC, POLICY, ROLES, MissingRuleError, Reach, Rule, rule_of

__all__ = [
    "OF_A_CLINIC",
    "POLICY",
    "REASON_HEADER",
    "REASON_LENGTH_MAX",
    "REASON_LENGTH_MIN",
    "ROLES",
    "Allowed",
    "Gate",
    "MissingRuleError",
    "Reach",
    "Rule",
    "allowed",
    "rule_of",
]
