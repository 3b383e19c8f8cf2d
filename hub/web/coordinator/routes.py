"""The coordinators' pages, with who may open each: coordinators do, auditors read."""

from __future__ import annotations

from hub.web.coordinator.admins import (
    add_admin,
    admin_page,
    admins_page,
    change_admin,
    change_admin_page,
    make_admin_link,
    new_admin_page,
    remove_admin,
    remove_admin_page,
    search_admins,
)
from hub.web.coordinator.changes import changes_page, changes_table
from hub.web.coordinator.coverage import coverage_page
from hub.web.coordinator.drills import begin_drill, begin_drill_page, drill_page, drills_page
from hub.web.coordinator.groups import (
    add_group,
    change_group,
    change_group_page,
    group_page,
    groups_page,
    new_group_page,
    remove_group,
    remove_group_page,
)
from hub.web.coordinator.health import health_page
from hub.web.coordinator.imports import do_import, export_directory, import_page, look_at_import
from hub.web.coordinator.start import start_page
from hub.web.coordinator.statistics import statistics_page, statistics_table
from hub.web.route import AUDIT, COORDINATOR, DIRECTORY_READERS, DRILLS, STATISTICS, Route

C = "/coordinator"

ROUTES: tuple[Route, ...] = (
    Route("GET", C, start_page, DIRECTORY_READERS, "What waits for a coordinator", shows="admin"),
    Route("GET", f"{C}/groups", groups_page, DIRECTORY_READERS, "Search the groups"),
    Route("GET", f"{C}/groups/new", new_group_page, COORDINATOR, "The form of a new group"),
    Route("POST", f"{C}/groups/new", add_group, COORDINATOR, "Add a group", form=True),
    Route("GET", f"{C}/groups/{{id}}", group_page, DIRECTORY_READERS, "One group", shows="group"),
    Route("GET", f"{C}/groups/{{id}}/change", change_group_page, COORDINATOR, "The form of a group", shows="group"),
    Route("POST", f"{C}/groups/{{id}}/change", change_group, COORDINATOR, "Change a group", form=True, shows="group"),
    Route(
        "GET",
        f"{C}/groups/{{id}}/remove",
        remove_group_page,
        COORDINATOR,
        "What removing a group takes along",
        shows="group",
    ),
    Route("POST", f"{C}/groups/{{id}}/remove", remove_group, COORDINATOR, "Remove a group", form=True),
    Route("GET", f"{C}/admins", admins_page, DIRECTORY_READERS, "The admins", shows="admin"),
    Route(
        "POST",
        f"{C}/admins",
        search_admins,
        DIRECTORY_READERS,
        "Search the admins; stores nothing",
        form=True,
        shows="admin",
    ),
    Route("GET", f"{C}/admins/new", new_admin_page, COORDINATOR, "The form of a new admin"),
    Route("POST", f"{C}/admins/new", add_admin, COORDINATOR, "Add an admin", form=True),
    Route("GET", f"{C}/admins/{{id}}", admin_page, DIRECTORY_READERS, "One admin", shows="admin"),
    Route("GET", f"{C}/admins/{{id}}/change", change_admin_page, COORDINATOR, "The form of an admin", shows="admin"),
    Route("POST", f"{C}/admins/{{id}}/change", change_admin, COORDINATOR, "Change an admin", form=True, shows="admin"),
    Route(
        "GET",
        f"{C}/admins/{{id}}/remove",
        remove_admin_page,
        COORDINATOR,
        "What removing an admin takes along",
        shows="admin",
    ),
    Route("POST", f"{C}/admins/{{id}}/remove", remove_admin, COORDINATOR, "Remove an admin", form=True),
    Route(
        "POST",
        f"{C}/admins/{{id}}/links",
        make_admin_link,
        COORDINATOR,
        "Make a link to hand over",
        form=True,
        shows="admin",
    ),
    Route("GET", f"{C}/import", import_page, DIRECTORY_READERS, "The directory from a file"),
    Route(
        "POST",
        f"{C}/import",
        look_at_import,
        COORDINATOR,
        "What a file would do; stores nothing",
        form=True,
        shows="directory",
    ),
    Route("POST", f"{C}/import/confirm", do_import, COORDINATOR, "Do what was shown", form=True),
    Route(
        "GET",
        f"{C}/export.csv",
        export_directory,
        COORDINATOR,
        "The directory as a file",
        head=False,
        shows="directory",
    ),
    Route("GET", f"{C}/coverage", coverage_page, DIRECTORY_READERS, "Which neighbourhoods have a group"),
    Route("GET", f"{C}/health", health_page, DIRECTORY_READERS, "What to look after", shows="admin"),
    Route("GET", f"{C}/drills", drills_page, DIRECTORY_READERS, "Drills, and which districts are due"),
    Route("GET", f"{C}/drills/new", begin_drill_page, COORDINATOR, "Who gets a drill", scopes=DRILLS),
    Route("POST", f"{C}/drills/new", begin_drill, COORDINATOR, "Begin a drill", form=True, scopes=DRILLS),
    Route("GET", f"{C}/drills/{{id}}", drill_page, DIRECTORY_READERS, "What came of a drill", shows="alert"),
    Route(
        "GET",
        f"{C}/statistics",
        statistics_page,
        DIRECTORY_READERS,
        "How fast alerts were forwarded",
        scopes=STATISTICS,
    ),
    Route("GET", f"{C}/statistics.csv", statistics_table, DIRECTORY_READERS, "As a table", scopes=STATISTICS),
    Route("GET", f"{C}/changes", changes_page, DIRECTORY_READERS, "Who changed what", scopes=AUDIT, shows="admin"),
    Route("GET", f"{C}/changes.csv", changes_table, DIRECTORY_READERS, "The same as a table", scopes=AUDIT),
)
