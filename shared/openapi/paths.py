"""Which route does a path with an id in it lead to? Looked up part by part, none is tried in vain.

aiohttp tries the routes under a prefix one after the other, each by a pattern of its own; what is
wished for most stood behind others. It finds the same as here, which a test holds both to.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

from aiohttp import web

from shared.openapi.routes import Handler

Matched = tuple[web.UrlMappingMatchInfo | None, set[str]]


class Fork:
    """Where paths that begin alike part: by the next part's very word, or with an id there."""

    __slots__ = ("by_id", "by_word", "resource")

    def __init__(self) -> None:
        self.by_word: dict[str, Fork] = {}
        self.by_id: Fork | None = None
        self.resource: Named | None = None


class Named:
    """The routes of one path, by method, and what its ids are called."""

    __slots__ = ("names", "resource", "routes")

    def __init__(self, path: str) -> None:
        self.resource = web.DynamicResource(path)
        self.names = tuple(part[1:-1] for part in path.split("/") if _is_id(part))
        self.routes: dict[str, web.AbstractRoute] = {}


class Paths(web.AbstractResource):
    """All routes that have an id in their path."""

    def __init__(self) -> None:
        super().__init__()
        self._root = Fork()
        self._all: dict[str, Named] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """One more route."""
        named = self._all.get(path)
        if named is None:
            named = self._all[path] = self._place(path)
        named.routes[method] = named.resource.add_route(method, handler)

    def find(self, path: str) -> Iterator[tuple[Named, list[str]]]:
        """The paths that it may mean, the most explicit first, each with the ids in it."""
        parts = path.split("/")
        last = len(parts)
        untried: list[tuple[Fork, int, list[str]]] = [(self._root, 1, [])]
        while untried:
            fork, nth, ids = untried.pop()
            found: Fork | None = fork
            while found is not None and nth < last:
                part, fork, nth = parts[nth], found, nth + 1
                found = fork.by_word.get(part)
                if fork.by_id is not None and _may_be_id(part):
                    if found is not None:
                        untried.append((fork.by_id, nth, [*ids, part]))
                    else:
                        found = fork.by_id
                        ids.append(part)
            if found is not None and found.resource is not None:
                yield found.resource, ids

    def _place(self, path: str) -> Named:
        fork = self._root
        for part in path.split("/")[1:]:
            if not _is_id(part):
                fork = fork.by_word.setdefault(part, Fork())
            else:
                fork.by_id = fork.by_id or Fork()
                fork = fork.by_id
        if fork.resource is not None:
            raise ValueError(f"{path} is another's path, with other names")
        fork.resource = Named(path)
        return fork.resource

    # ---- what aiohttp asks of whatever it is to find routes in ---------------------------------

    async def resolve(self, request: web.Request) -> Matched:
        """The route for the request's path and method; else which methods there are."""
        allowed: set[str] = set()
        for named, ids in self.find(request.rel_url.path_safe):
            route = named.routes.get(request.method)
            if route is not None:
                told = dict(zip(named.names, map(_as_meant, ids), strict=True))
                return web.UrlMappingMatchInfo(told, route), allowed
            allowed.update(named.routes)
        return None, allowed

    @property
    def canonical(self) -> str:
        """Below what it is looked for: everything."""
        return "/"

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        """Every route, for whoever looks at all of them."""
        for named in self._all.values():
            yield from named.resource

    def __len__(self) -> int:
        """How many they are."""
        return sum(len(named.resource) for named in self._all.values())

    def get_info(self) -> Any:
        """For whoever looks what it is."""
        return {"path": self.canonical}

    def raw_match(self, path: str) -> bool:
        """Nothing is added to it by its path."""
        return False

    def add_prefix(self, prefix: str) -> NoReturn:
        """It is no part of another application."""
        raise NotImplementedError

    def url_for(self, **kwargs: str) -> NoReturn:
        """It has no address of its own."""
        raise NotImplementedError


def _is_id(part: str) -> bool:
    return part.startswith("{")


def _may_be_id(part: str) -> bool:
    return part != "" and "{" not in part and "}" not in part


def _as_meant(part: str) -> str:
    """What aiohttp leaves encoded in a path, so that it can be told from a path's own."""
    return part if "%" not in part else part.replace("%2F", "/").replace("%25", "%")
