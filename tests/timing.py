"""How long something takes by itself, whatever else the machine and the process have to do meanwhile."""

import time
import timeit
from collections.abc import Callable


def processor_seconds(work: Callable[[], object], *, times: int = 1) -> float:
    """Answer the seconds of processor that the quickest of the runs took.

    Python's collector stands still meanwhile: in a process of thousands of tests one of its rounds takes longer than
    what is measured.
    """
    return min(timeit.repeat(work, number=1, repeat=times, timer=time.process_time))
