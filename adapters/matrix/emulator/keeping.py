"""What a client keeps on the server: account data, filters, its profile, media."""

from __future__ import annotations

import secrets

from aiohttp import web

from adapters.matrix.emulator.accounts import Media
from adapters.matrix.emulator.faults import forbidden, refused
from adapters.matrix.emulator.homeserver import Homeserver
from adapters.matrix.emulator.http import CLIENT, Call, Endpoint
from adapters.matrix.emulator.rooms import Content

# matrix.org and every fresh Synapse: 50 MiB.
LARGEST_UPLOAD = 50 << 20


class Keeping:
    def __init__(self, server: Homeserver) -> None:
        self._server = server
        data = CLIENT + "/user/{user}/account_data/{type}"
        room_data = CLIENT + "/user/{user}/rooms/{room}/account_data/{type}"
        media, download = r"/_matrix/media/{version:v3|r0}", r"/_matrix/client/v1/media/download/{server}/{media}"
        self.endpoints = (
            Endpoint("accountData", "GET", data, self._kept),
            Endpoint("setAccountData", "PUT", data, self._keep),
            Endpoint("accountData", "GET", room_data, self._kept),
            Endpoint("setAccountData", "PUT", room_data, self._keep),
            Endpoint("setFilter", "POST", CLIENT + "/user/{user}/filter", self._set_filter),
            Endpoint("filter", "GET", CLIENT + "/user/{user}/filter/{filter}", self._filter),
            Endpoint("profile", "GET", CLIENT + "/profile/{user}", self._profile),
            Endpoint("profile", "GET", CLIENT + "/profile/{user}/displayname", self._profile),
            Endpoint("rename", "PUT", CLIENT + "/profile/{user}/displayname", self._rename),
            Endpoint("upload", "POST", f"{media}/upload", self._upload),
            Endpoint("mediaConfig", "GET", "/_matrix/client/v1/media/config", self._media_config),
            Endpoint("download", "GET", download, self._download),
            Endpoint("download", "GET", download + "/{name}", self._download),
        )

    def _kept(self, call: Call) -> Content:
        if call.of["user"] != call.user:
            raise forbidden("Cannot get account data for other users.")
        room = call.of.get("room", "")
        found = self._server.accounts.by_user[call.user].data.get((room, call.of["type"]))
        if found is None:
            raise refused(404, "M_NOT_FOUND", f"{'Room account' if room else 'Account'} data not found")
        return found[0]

    def _keep(self, call: Call) -> Content:
        if call.of["user"] != call.user:
            raise forbidden("Cannot add account data for other users.")
        self._server.keep(call.user, call.of["type"], call.body(), call.of.get("room", ""))
        return {}

    def _set_filter(self, call: Call) -> Content:
        if call.of["user"] != call.user:
            raise forbidden("Cannot create filters for other users")
        filters = self._server.accounts.by_user[call.user].filters
        filters.append(call.body())
        return {"filter_id": str(len(filters) - 1)}

    def _filter(self, call: Call) -> Content:
        filters, name = self._server.accounts.by_user[call.user].filters, call.of["filter"]
        if not name.isdecimal() or int(name) >= len(filters):
            raise refused(404, "M_NOT_FOUND", "No such filter")
        return filters[int(name)]

    def _profile(self, call: Call) -> Content:
        self._server.refuse_stranger(call.of["user"])
        account = self._server.accounts.by_user.get(call.of["user"])
        if account is None:
            raise refused(404, "M_UNKNOWN", "No row found (profiles)")
        return {"displayname": account.name}

    def _rename(self, call: Call) -> Content:
        if call.of["user"] != call.user:
            raise refused(400, "M_FORBIDDEN", "Cannot set another user's displayname")
        self._server.rename(call.user, str(call.body().get("displayname", "")))
        return {}

    # Media.

    def _upload(self, call: Call) -> Content:
        if len(call.raw) > LARGEST_UPLOAD:
            raise refused(413, "M_TOO_LARGE", "Upload request body is too large")
        name = secrets.token_urlsafe(18)
        self._server.accounts.media[name] = Media(call.raw, call.mime, call.query.get("filename", ""))
        return {"content_uri": f"mxc://{self._server.server_name}/{name}"}

    def _media_config(self, call: Call) -> Content:
        return {"m.upload.size": LARGEST_UPLOAD}

    def _download(self, call: Call) -> web.Response:
        found = self._server.accounts.media.get(call.of["media"])
        if found is None or call.of["server"] != self._server.server_name:
            path = f"/_matrix/client/v1/media/download/{call.of['server']}/{call.of['media']}"
            raise refused(404, "M_NOT_FOUND", f"Not found '{path}'")
        return web.Response(body=found.content, content_type=found.mime)
