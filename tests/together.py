"""Running the same thing in many real threads at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """Call `work(0)` … `work(count - 1)` in threads that start at the same moment; raise what any of them raises."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T:
        try:
            barrier.wait(timeout=20)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, number) for number in range(count)]]
