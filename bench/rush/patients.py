"""Who books? So many made-up patients, each with a token of their own, signed ahead of time."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from uuid import UUID, uuid5

from deploy.local.stack import Stack, named
from talon.tokens import Signer

PEOPLE = UUID("5d1f0c8e-6a43-5b0e-9f57-2f0f3a6f4b11")
"""Namespace of the patients' ids."""

TOKEN_HOURS = 12.0
PER_TASK = 1_000


def sign(stack: Stack, count: int) -> list[str]:
    """Everybody's token; signed anew, they are new to every door."""
    starts = range(0, count, PER_TASK)
    work = [(stack.name, start, min(start + PER_TASK, count)) for start in starts]
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawning) as pool:
        return [token for tokens in pool.map(_sign, work) for token in tokens]


def _sign(work: tuple[str, int, int]) -> list[str]:
    stack, first, end = work
    signer = Signer(named(stack))
    return [
        signer.sign(uuid5(PEOPLE, str(number)), ["patient"], hours=TOKEN_HOURS)
        for number in range(first, end)
    ]
