"""A call written for curl and for Python, to be pasted as it stands: its key, and ids that each hub makes itself, are variables.

Needs nothing that is not there: a shell with curl, or Python's own library. A test runs each of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

VARIABLES: Final = {"alerts": "ALERT", "admins": "ADMIN", "groups": "GROUP", "sightings": "SIGHTING"}
"""What an id is of → the variable that holds it."""

MERGE_PATCH: Final = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A call to be written. `path`: with `$ALERT` and the like for ids; `answered`: the content type, '' for none."""

    method: str
    path: str
    query: dict[str, Any]
    body: Any
    answered: str
    guarded: bool

    @property
    def content_type(self) -> str:
        return MERGE_PATCH if self.method == "PATCH" else "application/json"

    @property
    def address(self) -> str:
        return f"$HUB{self.path}" + (f"?{urlencode(self.query, safe=',:')}" if self.query else "")


def path_of(path: str, pieces: dict[str, str]) -> str:
    """/alerts/{id} → /alerts/$ALERT. `pieces`: those that are the same everywhere."""
    before = ""
    parts = []
    for part in path.split("/"):
        name = part.strip("{}") if part.startswith("{") else ""
        parts.append((pieces.get(name) or f"${VARIABLES[before]}") if name else part)
        before = part
    return "/".join(parts)


def variables_of(path: str) -> list[str]:
    """Those a written path needs, beside HUB and KEY."""
    return re.findall(r"\$([A-Z]+)", path)


def for_curl(asked: Asked) -> str:
    lines = [f'curl --fail-with-body --silent --show-error --request {asked.method} "{asked.address}"']
    if asked.guarded:
        lines.append('--header "Authorization: Bearer $KEY"')
    if asked.body is not None:
        written = json.dumps(asked.body, ensure_ascii=False, indent=2).replace("'", "'\\''")
        lines += [f'--header "Content-Type: {asked.content_type}"', f"--data '{written}'"]
    if asked.answered == "text/event-stream":
        lines.append("--no-buffer --max-time 60")
    if asked.answered.startswith("image/"):
        lines.append("--output picture")
    return " \\\n  ".join(lines)


def for_python(asked: Asked) -> str:
    address = re.sub(r"\$([A-Z]+)", r"{environ['\1']}", asked.address)
    headers = []
    if asked.guarded:
        headers.append('"Authorization": f"Bearer {environ[\'KEY\']}"')
    if asked.body is not None:
        headers.append(f'"Content-Type": "{asked.content_type}"')
    lines = ["from os import environ", "from urllib.request import Request, urlopen", ""]
    if asked.body is not None or asked.answered.endswith("json"):
        lines.insert(0, "import json")
    given = [f'f"{address}"', f'method="{asked.method}"']
    if headers:
        given.append("headers={" + ", ".join(headers) + "}")
    if asked.body is not None:
        # As JSON writes it, which is Python too while nothing in it is true, false or null.
        lines += [f"content = {json.dumps(asked.body, ensure_ascii=False, indent=4)}"]
        given.append("data=json.dumps(content).encode()")
    lines += [
        "request = Request(",
        *(f"    {one}," for one in given),
        ")",
        "with urlopen(request, timeout=20) as answer:",
    ]
    return "\n".join([*lines, *(f"    {one}" for one in _shown(asked.answered))])


def _shown(answered: str) -> list[str]:
    """What is done with the answer."""
    if not answered:
        return ["print(answer.status)"]
    if answered == "text/event-stream":
        return [
            "for line in answer:",
            '    print(line.decode(), end="")',
            '    if line.startswith(b"data:"):',
            "        break  # leave this out to go on listening",
        ]
    if answered.startswith("image/"):
        return ["print(answer.status, len(answer.read()))"]
    if answered.endswith("json"):
        return ["print(answer.status, json.load(answer))"]
    return ["print(answer.status, answer.read().decode())"]
