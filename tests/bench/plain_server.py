"""The peer of serving: our schema as graphene is served by its own examples.

`schema.execute` behind the simplest handler, with the standard json module and no cache; the same store. Served by
uvicorn as it is by itself, without the parser and the loop that we add to it.
Run as `python -m tests.bench.plain_server STORE`; prints the port it listens on.
"""

import json
import socket
import sys

import graphene
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lineage.deadline import Deadline
from lineage.ports import EVERYTHING
from lineage.store import open_store
from lineage_graphql.context import open_context
from lineage_graphql.query import Query

BUDGET_SECONDS = 30.0


def main() -> None:
    store, schema = open_store(sys.argv[1]), graphene.Schema(query=Query)

    async def handle(request: Request) -> Response:
        asked = await request.json()
        context = open_context(store, EVERYTHING, Deadline(BUDGET_SECONDS))
        result = schema.execute(asked["query"], variable_values=asked.get("variables"), context_value=context)
        return Response(json.dumps(result.formatted), media_type="application/json")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else its answers wait 40 ms for a sign of life
        print(listener.getsockname()[1], flush=True)
        app = Starlette(routes=[Route("/graphql", handle, methods=["POST"])])
        plain = uvicorn.Config(app, http="h11", loop="asyncio", log_config=None, access_log=False, lifespan="off")
        uvicorn.Server(plain).run(sockets=[listener])


if __name__ == "__main__":
    main()
