"""What belongs to no part of the site: the files of every page, and the page of an error."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.web.caching import FOR_EVER, given
from hub.web.calls import Call
from hub.web.languages import N_
from hub.web.problems import Problem, not_found
from hub.web.rendering import Rendering

ERRORS: Final = {
    400: (N_("Dit adres klopt niet"), N_("Er staat iets in het adres dat we niet kunnen lezen.")),
    403: (N_("Geen toegang"), N_("U mag deze pagina niet zien, of het formulier kwam niet van ons.")),
    404: (N_("Niet gevonden"), N_("Op dit adres staat niets.")),
    405: (N_("Dat kan hier niet"), N_("Dit adres kent die handeling niet.")),
    408: (N_("Te langzaam"), N_("Wat u stuurde kwam niet op tijd aan. Probeer het nog een keer.")),
    413: (N_("Te groot"), N_("Wat u stuurde is te groot.")),
    421: (N_("Niet onder deze naam"), N_("Deze site heeft een ander adres. Controleer de link.")),
    429: (N_("Te vaak"), N_("Er kwamen te veel verzoeken van u. Wacht even en probeer het dan opnieuw.")),
    500: (N_("Er ging iets mis"), N_("Het staat in het logboek. Probeer het over een paar seconden opnieuw.")),
    503: (N_("Even niet beschikbaar"), N_("Probeer het over een paar seconden opnieuw.")),
}
"""Status → what happened, and what to do."""


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
        title, lead = ERRORS.get(problem.status, ERRORS[500])
        response = rendering.page(
            request, "error", problem.status, who=None, code=problem.status, title=title, lead=lead
        )
    response.headers.update(problem.headers)
    return response
