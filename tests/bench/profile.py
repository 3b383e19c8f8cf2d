"""Where the time of a fan-out goes: 20,000 deliveries under pyinstrument, shares per part, then the tree. `--store` chooses one.

Not among the benchmarks that run by themselves. Only the event loop's thread is sampled; what the store's own threads use is
told beside it. Half a minute.
"""

from __future__ import annotations

import time
from collections import Counter

from pyinstrument import Profiler
from pyinstrument.session import Session

from tests.bench.plan import Plan
from tests.bench.relaying import relaying, settled, whatsapp_account
from tests.bench.sink import sink

ADMINS = 20_000
SENDERS = 64
# Whose time it is: the innermost of these on the stack. What stands in none is the event loop itself.
PARTS = {
    "/hub/store/": "store",
    "/asyncpg/": "store",
    "/hub/relay/": "relay (dispatcher, outcomes, planner, …)",
    "/adapters/": "adapter",
    "/aiohttp/": "aiohttp",
    "/yarl/": "aiohttp",
    "/multidict/": "aiohttp",
}
LOOP = "event loop and the rest"


async def bench(plan: Plan) -> None:
    for kind in plan.stores:
        with sink() as provider:
            async with relaying(kind, plan.size(ADMINS), whatsapp_account(provider, SENDERS)) as on:
                await on.fan_out(plan.size(ADMINS))
                with settled():
                    profiler = Profiler(interval=0.0005, async_mode="disabled")
                    used = time.thread_time()
                    with profiler:
                        took = await on.fan_out(plan.size(ADMINS))
                    used = time.thread_time() - used
        session = profiler.last_session
        assert session is not None
        print(f"{kind}: {took.count:,} deliveries in {took.seconds:.2f} s under the profiler")
        ours, others = (seconds / took.count * 1e6 for seconds in (used, max(took.busy - used, 0)))
        print(f"  event loop's thread {ours:.0f} µs of CPU each, the store's threads {others:.0f} µs")
        times = shares(session)
        for part, spent in times.most_common():
            print(f"  {part:<42} {spent / times.total():>4.0%}")
        print(profiler.output_text(unicode=True, show_all=False))


def shares(session: Session) -> Counter[str]:
    """Seconds on the stack of the loop's thread, by part."""
    times: Counter[str] = Counter()
    for stack, spent in session.frame_records:
        times[_part(stack)] += spent  # type: ignore[assignment]  # seconds, not a count
    return times


def _part(stack: list[str]) -> str:
    """A frame is told as its function, file and line; the innermost comes last."""
    return next((part for frame in reversed(stack) for place, part in PARTS.items() if place in frame), LOOP)
