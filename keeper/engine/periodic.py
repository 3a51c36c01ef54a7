"""APScheduler keeps the time, nothing else: a job only sets an event, a supervised task does the work.

3.x merely logs a job's exception and cancels running async jobs on shutdown, so no work may live inside a job."""

import asyncio
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` every `seconds` until cancelled. A run that takes longer swallows the ticks it missed; its exceptions propagate."""
    due = asyncio.Event()
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(due.set, "interval", seconds=seconds, coalesce=True, max_instances=1)
    scheduler.start()
    try:
        while True:
            await due.wait()
            due.clear()
            await work()
    finally:
        scheduler.shutdown(wait=False)
