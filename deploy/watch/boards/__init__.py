"""Which questions are asked of a morning?"""

from deploy.watch.boards import log, refused, said, served, waiting
from deploy.watch.questions import Board

BOARDS: tuple[Board, ...] = (
    served.BOARD,
    waiting.BOARD,
    log.BOARD,
    refused.BOARD,
    said.BOARD,
)
