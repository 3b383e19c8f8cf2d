"""What belongs to no part of the site: the front door, the files of every page, and the page of an error."""

from __future__ import annotations

from aiohttp import web

from hub.web.caching import FOR_EVER, given
from hub.web.calls import Call, onward
from hub.web.problems import Problem, not_found
from hub.web.rendering import Rendering


async def front_page(call: Call) -> web.Response:
    return onward("/console")


async def static_file(call: Call) -> web.Response:
    file = call.state.rendering.files.get(call.part("name"))
    if file is None:
        raise not_found("file", call.part("name"))
    # The address holds a hash of the content (Rendering), so a copy is good for ever; without the hash it is asked for anew.
    return given(call.request, file, FOR_EVER if call.request.query.get("v") == file.tag else "no-cache")


def error_page(rendering: Rendering, request: web.Request, problem: Problem) -> web.Response:
    """The small page of an error; who needs to sign in gets the page for that, and comes back here after it."""
    if problem.status == 401:
        response = rendering.page(request, "signin", 401, who=None, wrong=False, onward=request.path_qs)
    else:
        response = rendering.page(request, "error", problem.status, who=None, code=problem.status)
    response.headers.update(problem.headers)
    return response
