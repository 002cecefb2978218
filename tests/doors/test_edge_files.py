"""How are the pages and the API's document given to a browser, and how long does it keep them?"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.settings import CHECKOUT
from tests.edges import Edge, an_edge

FILES = {
    "index.html": "<!doctype html><title>Talon</title>",
    "app.js": "export const app = 1;",
    "api/index.html": "<!doctype html><title>API</title>",
}


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    pages = tmp_path / "web"
    for name, text in FILES.items():
        path = pages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    elsewhere = {f'root "{CHECKOUT / "web"}";': f'root "{pages}";'}
    async with an_edge(tmp_path / "a home", instead=elsewhere) as edge:
        yield edge


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/", "text/html; charset=utf-8", "index.html"),
        ("/app.js", "text/javascript; charset=utf-8", "app.js"),
        ("/api/", "text/html; charset=utf-8", "api/index.html"),
    ],
)
async def test_a_page_comes_whole_and_is_asked_for_again_each_time(
    edge: Edge, path: str, kind: str, name: str
) -> None:
    first = await edge.get(path)
    again = await edge.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status, first.body.decode()) == (200, FILES[name])
    assert first.headers["Content-Type"] == kind
    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body) == (304, b"")


async def test_only_the_api_s_page_may_show_pictures_that_are_not_files(edge: Edge) -> None:
    assert "img-src 'self';" in (await edge.get("/")).headers["Content-Security-Policy"]
    assert "img-src 'self' data:;" in (await edge.get("/api/")).headers["Content-Security-Policy"]


async def test_the_api_s_page_is_found_without_the_slash_at_its_end(edge: Edge) -> None:
    said = await edge.get("/api", allow_redirects=False)

    assert (said.status, said.headers["Location"]) == (301, "/api/")


async def test_the_api_s_document_is_found_once_it_has_been_written(edge: Edge) -> None:
    path = "/api/v1/openapi.json"
    document = edge.stack.home / "edge" / "openapi.json"
    document.unlink(missing_ok=True)
    assert (await edge.get(path)).code == "not_found"

    document.write_text('{"openapi":"3.1.0"}', encoding="utf-8")

    said = await edge.get(path)
    assert (said.status, said.body) == (200, b'{"openapi":"3.1.0"}')
    assert said.headers["Content-Type"] == "application/json"
