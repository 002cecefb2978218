"""Do the referee's rules agree with somebody who only looks at the chairs, whatever a day brings?"""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.slots import rules
from services.slots.rules import Inventory, answers, bookings, decide, evolve, holds, slots
from services.slots.rules import evolve as evolving_function
from shared.messages import Refused, SlotEvent
from tests import stories
from tests.chairs import Room, Wanted
from tests.stories import NOON, a_claim, an_id
