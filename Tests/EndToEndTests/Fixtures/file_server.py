"""Serves the files of a folder with ETags to who knows the token; prints its port."""

import hashlib
import http.server
import os
import sys

FOLDER, TOKEN = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body, status = b"", 401
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            with open(os.path.join(FOLDER, os.path.basename(self.path)), "rb") as file:
                body, status = file.read(), 200
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
