"""How do a service's routes come behind its port, and its document with them?"""

import hashlib
from functools import cached_property
from typing import Any

from aiohttp import web

from shared.access.noting import ACCESS, ASKED, Asked
from shared.openapi.document import document, encoded
from shared.openapi.paths import Paths
from shared.openapi.routes import JSON, UNCHANGED, Answer, Api, Handler, Route
from shared.policy.gate import Guards


class Served:
    """The document of an API, made when somebody first asks for it: that takes 20 ms, once."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @cached_property
    def body(self) -> bytes:
        """The whole document."""
        return encoded(document(self._api))

    @cached_property
    def tag(self) -> str:
        """Changes when the document does."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


SERVED: web.AppKey[Served] = web.AppKey("served", Served)


def add_routes(app: web.Application, api: Api, gate: Guards) -> None:
    """Put every route of the API behind the door and its gate; there is no other way in.

    A route that the table of permissions does not know keeps the service from starting.
    """
    app[SERVED] = Served(api)
    paths = Paths()
    for route in api.routes:
        handler = gate.guarded(route.rule, _noting(route))
        add = paths.add if "{" in route.path else app.router.add_route
        add(route.method, route.path, handler)
        if route.method == "GET" and not route.streams:
            add("HEAD", route.path, handler)
    app.router.register_resource(paths)


def _noting(route: Route) -> Handler:
    """The route's handler; where it touches a person's data, no answer of it leaves unnoted."""
    if route.touches is None:
        return route.handler
    asked = Asked(route.name, route.rule.roles, route.touches, route.method != "GET")

    async def noting(request: web.Request) -> web.StreamResponse:
        request[ASKED] = asked
        response = await route.handler(request)
        await request.app[ACCESS].settle(request)
        return response

    return noting


async def show_document(request: web.Request) -> web.Response:
    """200 all that can be asked here, in OpenAPI 3.1."""
    served = request.app[SERVED]
    tag = {"ETag": served.tag}
    if request.headers.get("If-None-Match") == served.tag:
        return web.Response(status=304, headers=tag)
    return web.Response(body=served.body, content_type=JSON, headers=tag)


DOCUMENT = Route(
    "GET",
    "/api/v1/openapi.json",
    show_document,
    tag="document",
    answers={
        200: Answer("The document.", dict[str, Any], headers=("ETag",)),
        304: UNCHANGED,
    },
)
"""The route that every API has."""
