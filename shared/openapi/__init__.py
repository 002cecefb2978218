"""How does a service say what can be asked of it? Its routes, once, served and described alike.

`routes` what a route says about itself · `problems` what may go wrong · `operations` one route in
OpenAPI's words · `schemas` a Struct in JSON Schema's · `document` all of a service · `merged` all
services · `serving` a service's routes and document behind its port.
"""

from shared.openapi.problems import ProblemKind, by_code
from shared.openapi.routes import UNCHANGED, Answer, Api, Route
from shared.openapi.serving import DOCUMENT, add_routes

__all__ = [
    "DOCUMENT",
    "UNCHANGED",
    "Answer",
    "Api",
    "ProblemKind",
    "Route",
    "add_routes",
    "by_code",
]
