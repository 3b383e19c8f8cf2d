"""What was uploaded to the emulator: kept for 30 days by its clock, as Meta does."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.whatsapp.emulator.strictness import Refusal
from hub.clock import Clock

# …/media: uploads live for 30 days; images are JPEG or PNG of at most 5 MB.
LIVES_MS = 30 * 86_400_000
MOST_BYTES = 5 * 1024 * 1024
MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG"}
FIRST_ID = 4_490_709_327_384_033


@dataclass(frozen=True, slots=True)
class Medium:
    """One upload; `at` in milliseconds."""

    content: bytes = field(repr=False)
    mime: str
    at: int


class Media:
    """Every upload, by its id."""

    def __init__(self, clock: Clock) -> None:
        self.uploads = 0
        self._clock = clock
        self._kept: dict[str, Medium] = {}

    def put(self, content: bytes, mime: str) -> str:
        """Take an upload; raises Refusal."""
        if mime not in MAGIC:
            types = ", ".join(sorted(MAGIC))
            raise Refusal(100, message=f"(#100) Param file must be a file with one of the following types: {types}.")
        if len(content) > MOST_BYTES:
            raise Refusal(131053, f"File size is {len(content)} bytes, the limit for images is {MOST_BYTES} bytes")
        if not content.startswith(MAGIC[mime]):
            raise Refusal(131053, "The file is not what its media type says")
        self.uploads += 1
        name = str(FIRST_ID + self.uploads)
        self._kept[name] = Medium(content, mime, self._clock.now())
        return name

    def get(self, name: str) -> Medium | None:
        medium = self._kept.get(name)
        return medium if medium is not None and medium.at + LIVES_MS > self._clock.now() else None

    def lose_all(self) -> None:
        """Every id is unknown from now on."""
        self._kept.clear()
