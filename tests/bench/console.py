"""What one alert to 1,000 people costs the page that watches it: a real Chromium on a hub as operators run it, for about a minute.

Messages go out at 25 a second, receipts and answers come as webhooks some seconds after each. The page of the alert stands beside
its floor, a page that reads the very same stream and only counts, and beside the bytes of the API's stream, which tells the whole
alert anew. CPU and memory are Chromium's own figures of each page. In the end the page must show what the store holds.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from playwright.async_api import Browser, CDPSession, Page, async_playwright

from adapters.whatsapp.hooks import SIGNATURE, sign
from hub.clock import SystemClock
from hub.domain import AckKind, DeliveryState
from hub.store.database import Store, open_store
from hub.store.sealing import MESSAGE, sealer
from hub.trust.keys import hash_secret, make_session
from tests.bench.crowd import ALERT, fill
from tests.bench.plan import Plan
from tests.bench.served import APP_SECRET, NUMBER_ID, Served, police_key, served, whatsapp
from tests.bench.sink import sink
from tests.bench.stores import database
from tests.bench.waiting import until
from tests.browser.chromium import ARGUMENTS, find
from tests.browser.pressing import sign_in

PEOPLE = 1_000
RATE = 25.0
CLOCK = SystemClock()
# How long after a message its receipts and its answer come, in seconds; and who answers what, of a hundred.
COURSE = (("delivered", 0.3, 2.0), ("read", 1.0, 8.0))
ANSWER = (2.0, 15.0)
ANSWERS = ((AckKind.RECEIVED, 30), (AckKind.FORWARDED, 35), (AckKind.CANNOT, 5))
TRAFFIC_SECONDS = PEOPLE / RATE + 20
SENT = f"""SELECT d.id, d.provider_ref, a.handle FROM delivery d JOIN address a ON a.id = d.address_id
    WHERE d.state >= {DeliveryState.SENT}"""
FIGURES = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "JSHeapUsedSize")
LONG_TASKS = """window.slow = [];
new PerformanceObserver((list) => list.getEntries().forEach((one) => window.slow.push(one.duration)))
    .observe({type: "longtask"});"""
ONLY_COUNTS = """(path) => {
    window.counted = 0;
    (async () => {
        const reader = (await fetch(path)).body.getReader();
        for (;;) {
            const { value, done } = await reader.read();
            if (done) return;
            window.counted += value.length;
        }
    })();
}"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A page under measurement. `before`: its figures when the traffic began."""

    page: Page
    session: CDPSession
    before: dict[str, float]
    wire: list[int]


async def bench(plan: Plan) -> None:
    if find() is None:
        print("  there is no Chromium here: `python -m tests.browser` installs one")
        return
    people = plan.size(PEOPLE)
    print(f"one alert to {people:,} people, messages at {RATE:.0f} a second, seven in ten answer; SQLite")
    with sink() as provider:
        async with database("sqlite") as settings, open_store(settings, CLOCK) as store:
            await fill(store, people)
            key = await police_key(store)
            async with served(settings, whatsapp(provider, rate=RATE)) as hub, async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
                try:
                    await _bench(hub, store, key, browser, people)
                finally:
                    await browser.close()


async def _bench(hub: Served, store: Store, key: str, browser: Browser, people: int) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{hub.url}/api/v1/alerts", data=ALERT, headers=headers) as answer:
            alert = (await answer.json())["id"]
        page = await _signed_in(browser, hub.url, store)
        await page.page.goto(f"{hub.url}/console/alerts/{alert}")
        floor = await _signed_in(browser, hub.url, store)
        await floor.page.evaluate(ONLY_COUNTS, f"/console/alerts/{alert}/events")
        watched, floor = await _begun(page), await _begun(floor)
        whole = [0]
        reading = asyncio.create_task(_bytes_of(session, f"{hub.url}/api/v1/alerts/{alert}/events", headers, whole))
        busy, began = hub.busy(), time.perf_counter()
        answered = await _traffic(hub.url, store, session, people)
        seconds = time.perf_counter() - began
        await _agrees(watched.page, store, answered)
        busy = hub.busy() - busy
        reading.cancel()
        print(f"  {seconds:.0f} s of traffic, {answered:,} answers; the page agrees with the store at the end")
        await _print("the page", watched, seconds)
        await _print("a page that only counts", floor, seconds)
        print(
            f"  the API's whole stream meanwhile: {whole[0] / 1e6:.2f} MB   hub: {busy / seconds:.1%} of a core, sends and all"
        )


async def _signed_in(browser: Browser, url: str, store: Store) -> Watched:
    secret, key_id = make_session(), (await store.keys.list())[0].id
    await store.sessions.offer(hash_secret(secret), key_id, CLOCK.now() + 60_000)
    context = await browser.new_context(locale="nl-NL", viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.add_init_script(LONG_TASKS)
    await sign_in(page, f"{url}/login/{secret}")
    await page.goto(f"{url}/a/none")  # light, and of the same origin
    return Watched(page, await context.new_cdp_session(page), {}, [0])


async def _begun(one: Watched) -> Watched:
    """From here on it is measured."""
    # In CPU time: by the wall clock a busy machine makes every task look long. Long tasks are told by the wall clock alone.
    await one.session.send("Performance.enable", {"timeDomain": "threadTicks"})
    await one.session.send("Network.enable")
    one.session.on(
        "Network.dataReceived", lambda told: one.wire.append(told["encodedDataLength"] or told["dataLength"])
    )
    await one.page.evaluate("window.slow.length = 0")
    return Watched(one.page, one.session, await _figures(one), one.wire)


async def _figures(one: Watched) -> dict[str, float]:
    metrics = (await one.session.send("Performance.getMetrics"))["metrics"]
    return {each["name"]: each["value"] for each in metrics if each["name"] in FIGURES}


async def _print(name: str, one: Watched, seconds: float) -> None:
    now = await _figures(one)
    task, script, layout, style, _ = (now[each] - one.before[each] for each in FIGURES)
    slow: list[float] = await one.page.evaluate("window.slow")
    print(
        f"  {name:<24} CPU {task:>6.2f} s ({task / seconds:.1%} of a core: script {script:.2f}, layout {layout:.2f}, "
        f"style {style:.2f})   "
        f"tasks over 50 ms {len(slow)}, longest {max(slow, default=0):.0f} ms   {sum(one.wire) / 1e6:.2f} MB   "
        f"heap {now['JSHeapUsedSize'] / 1e6:.1f} MB",
        flush=True,
    )


async def _traffic(hub: str, store: Store, session: aiohttp.ClientSession, people: int) -> int:
    """Receipts and answers of all of them, each a while after its message; how many answered."""
    rng, known, due, answered = random.Random(1), set[int](), list[tuple[float, int, bytes]](), 0
    deadline = time.perf_counter() + TRAFFIC_SECONDS * 3
    while len(known) < people or due:
        now = time.perf_counter()
        if now > deadline:
            raise SystemExit(f"the traffic did not end: {len(known)} of {people} were sent to")
        for delivery, sealed_name, sealed_handle in await store.engine.read(SENT):
            if delivery in known:
                continue
            known.add(delivery)
            name = sealer().open_alike(sealed_name, MESSAGE)
            handle = sealer().open(sealed_handle, "address.handle")
            for kind, least, most in COURSE:
                heapq.heappush(
                    due,
                    (now + rng.uniform(least, most), len(due) + rng.getrandbits(40), _receipt(delivery, name, kind)),
                )
            answer = _drawn(rng)
            if answer is not None:
                answered += 1
                body = _tap(delivery, name, handle, answer)
                heapq.heappush(due, (now + rng.uniform(*ANSWER), len(due) + rng.getrandbits(40), body))
        posts: list[Awaitable[None]] = []
        while due and due[0][0] <= now:
            posts.append(_post(session, hub, heapq.heappop(due)[2]))
        await asyncio.gather(*posts)
        await asyncio.sleep(0.1)
    return answered


def _drawn(rng: random.Random) -> AckKind | None:
    drawn = rng.uniform(0, 100)
    for kind, of_a_hundred in ANSWERS:
        drawn -= of_a_hundred
        if drawn < 0:
            return kind
    return None


async def _post(session: aiohttp.ClientSession, hub: str, body: bytes) -> None:
    headers = {SIGNATURE: sign(APP_SECRET, body), "Content-Type": "application/json"}
    async with session.post(f"{hub}/hooks/whatsapp", data=body, headers=headers) as answer:
        if answer.status != 200:
            raise SystemExit(f"a webhook was answered with {answer.status}")


def _receipt(delivery: int, name: str, kind: str) -> bytes:
    status = {"id": name, "status": kind, "timestamp": str(int(time.time())), "recipient_id": "31600000000"}
    return _webhook("statuses", {**status, "biz_opaque_callback_data": str(delivery)})


def _tap(delivery: int, name: str, handle: str, kind: AckKind) -> bytes:
    button = {"payload": f"{kind.value}:{delivery:x}", "text": kind.value}
    said = {
        "from": handle.lstrip("+"),
        "id": f"wamid.TAP{delivery}",
        "timestamp": str(int(time.time())),
        "type": "button",
    }
    return _webhook("messages", {**said, "context": {"id": name}, "button": button})


def _webhook(kind: str, one: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "31790000000", "phone_number_id": NUMBER_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata, kind: [one]}
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


async def _agrees(page: Page, store: Store, answered: int) -> None:
    """The page shows every answer, and as many neighbourhoods forwarded in as the store has."""

    async def same() -> bool:
        ((covered,),) = await store.engine.read(
            "SELECT COUNT(*) FROM alert_neighbourhood WHERE forwarded_at IS NOT NULL"
        )
        shown: Sequence[int] = await page.evaluate(
            """() => [Number(document.getElementById("forwarded").textContent),
                [...document.querySelectorAll(".answer")].filter((one) => one.textContent).length]"""
        )
        return list(shown) == [covered, answered]

    await until(same, "the page shows what the store holds", seconds=20)


async def _bytes_of(session: aiohttp.ClientSession, url: str, headers: dict[str, str], read: list[int]) -> None:
    async with session.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=None)) as answer:
        async for part in answer.content.iter_any():
            read[0] += len(part)
