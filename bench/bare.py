"""What the host is measured against: the least that answers with the same bytes, on the same uvicorn.

`bare.py PORT bytes FILE`: an ASGI callable that sends FILE, with the headers in FILE.json, and looks at nothing.
`bare.py PORT static FOLDER`: Starlette's StaticFiles.
`bare.py PORT servestatic FOLDER`: ServeStatic, which knows all files beforehand.
"""

import json
import sys
from pathlib import Path

import uvicorn
from servestatic import ServeStaticASGI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from embeddable_host.serving.log import log_config


def only(file: Path) -> ASGIApp:
    body = file.read_bytes()
    headers = [(name.encode(), value.encode()) for name, value in json.loads(Path(f"{file}.json").read_text()).items()]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


MAKE = {
    "bytes": lambda path: only(Path(path)),
    "static": lambda path: StaticFiles(directory=path),
    "servestatic": lambda path: ServeStaticASGI(None, root=path),
}

if __name__ == "__main__":
    port, kind, path = sys.argv[1:]
    uvicorn.run(
        MAKE[kind](path),
        port=int(port),
        lifespan="off",
        log_config=log_config(),
        server_header=False,
        proxy_headers=False,
    )
