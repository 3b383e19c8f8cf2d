"""200 admins within the providers' published limits: nobody is refused, everybody reached once, hardly slower than they allow."""

from __future__ import annotations

from pathlib import Path

from adapters.telegram.emulator import TelegramEmulator
from adapters.whatsapp.emulator import WhatsAppEmulator
from tests.walk.timelapse import lapse
from tests.walk.town import person, town

EACH = 100
# Messages a second: the hub's defaults are the same.
RATES = {"telegram": 30, "whatsapp": 80}
HANDLES = {
    "telegram": [f"{800000 + n}" for n in range(EACH)],
    "whatsapp": [f"+316000{n:05d}" for n in range(EACH)],
}


def test_a_hundred_on_telegram_and_a_hundred_on_whatsapp_without_one_429(tmp_path: Path) -> None:
    lapse(_sent(tmp_path))


async def _sent(folder: Path) -> None:
    rows = [row for channel, each in HANDLES.items() for one in each for row in person(f"P{one}", (channel, one))]
    async with town(folder, rows, {channel: ["main"] for channel in HANDLES}, listening=()) as here:
        for line in here.lines:
            assert isinstance(line.emulator, TelegramEmulator | WhatsAppEmulator)
            line.emulator.rate = RATES[line.channel]  # it refuses what is beyond
        number = await here.post()
        await here.clock.sleep(60)
        for line in here.lines:
            assert isinstance(line.emulator, TelegramEmulator | WhatsAppEmulator)
            assert line.emulator.too_many == 0
            came = [at for one in HANDLES[line.channel] for at in here.got(line.channel, one, number)]
            assert len(came) == EACH, "everyone once"
            assert max(came) - min(came) <= 1.1 * EACH / RATES[line.channel]
