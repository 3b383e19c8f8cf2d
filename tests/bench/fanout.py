"""One alert to 20,000 admins, durably, against a bare aiohttp loop that posts the same bytes: the hub's overhead as a ratio.

Floor and hub run in turn, five times each, in this process on the same event loop, with as many senders, to the same sink; once
with a provider that answers at once, once with one that takes 50 ms. The hub's time runs from the posted alert to the last outcome
on disk (SQLite synchronous FULL, PostgreSQL with fsync). About two minutes with both stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from tests.bench.floors import Took, last_request, post_all
from tests.bench.plan import Plan, ratios, summed
from tests.bench.relaying import relaying, settled, whatsapp_account
from tests.bench.sink import sink

ADMINS = 20_000
# Milliseconds until the provider answers, and how many senders that wants: rate × time.
PROVIDERS = ((0, 64), (50, 512))


async def bench(plan: Plan) -> None:
    admins = plan.size(ADMINS)
    print(f"fan-out of {admins:,} through the WhatsApp adapter, durable, {plan.runs} runs of floor and hub in turn")
    for kind in plan.stores:
        for milliseconds, senders in PROVIDERS:
            await _bench(kind, milliseconds, senders, admins, plan.runs)


async def _bench(kind: str, milliseconds: int, senders: int, admins: int, runs: int) -> None:
    with sink(wait=milliseconds / 1000) as provider:
        async with relaying(kind, admins, whatsapp_account(provider, senders)) as on:
            await on.fan_out(admins)  # warm-up, and the bytes that the floor posts
            request = await last_request(on.session, provider)
            await post_all(on.session, request, admins // 4, senders)
            floors, hubs = [], []
            with settled():
                for _ in range(runs):
                    floors.append(await post_all(on.session, request, admins, senders))
                    hubs.append(await on.fan_out(admins))
    print(f"  {kind}, the provider answers after {milliseconds} ms, {senders} senders")
    print_runs("bare aiohttp loop", floors)
    print_runs("hub", hubs, floors)


def print_runs(name: str, runs: Sequence[Took], floors: Sequence[Took] = ()) -> None:
    """Rate, cost, and the ratio to the floor of the same moment."""
    rates = [run.rate for run in runs]
    ratio = f"   ratio {summed(ratios(rates, [floor.rate for floor in floors]), '.2f')}" if floors else ""
    print(
        f"    {name:<34}{summed(rates)} /s   {median(run.cost for run in runs):>5.0f} µs of CPU each{ratio}", flush=True
    )
