"""200 admins within the providers' published limits: nobody is refused, everybody reached once, hardly slower than they allow."""

from __future__ import annotations

from pathlib import Path

from tests.walk.world import alert, until, walking

EACH = 100


async def test_a_hundred_on_telegram_and_a_hundred_on_whatsapp_without_one_429(tmp_path: Path) -> None:
    rows = [f"T{i},whatsapp,50,BU06370300,T {i},nl,telegram,{800000 + i},1" for i in range(EACH)]
    rows += [f"W{i},whatsapp,50,BU06370300,W {i},nl,whatsapp,+316000{i:05d},1" for i in range(EACH)]
    async with walking(tmp_path, rows) as walk:
        walk.telegram.rate, walk.whatsapp.rate = (
            30,
            80,
        )  # the emulators refuse what is beyond; the hub's defaults are the same
        posted = await walk.post(**alert())

        async def all_sent() -> bool:
            counts = (await walk.state(posted))["deliveries"]
            return bool(counts["sent"] + counts["delivered"] + counts["read"] == 2 * EACH)

        await until(all_sent)
        assert walk.telegram.too_many == walk.whatsapp.too_many == 0
        telegram = sorted(m.at for i in range(EACH) for m in walk.telegram.messages(800000 + i) if m.from_bot)
        whatsapp = sorted(b.at for i in range(EACH) for b in walk.whatsapp.chat(f"+316000{i:05d}") if not b.mine)
        assert len(telegram) == len(whatsapp) == EACH, "everyone once"
        # Times are milliseconds. What the limits allow: 100 messages at 30 and at 80 a second.
        assert telegram[-1] - telegram[0] <= 1.1 * EACH / 30 * 1000
        assert whatsapp[-1] - whatsapp[0] <= 1.1 * EACH / 80 * 1000
