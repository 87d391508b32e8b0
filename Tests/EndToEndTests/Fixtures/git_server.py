"""`git http-backend` behind https on a loopback port, which can be made to hang.

    git_server.py FOLDER REPOSITORY

FOLDER has server.pem and server.key. As long as FOLDER/silent exists, connections are accepted and
never answered. Prints the port. Ends with its standard input.
"""

import http.server
import os
import ssl
import subprocess
import sys
import threading
import time

folder, repository = sys.argv[1:]
backend = os.path.join(
    subprocess.check_output(["git", "--exec-path"], text=True).strip(), "git-http-backend"
)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self):
        while os.path.exists(folder + "/silent"):
            time.sleep(0.05)
        path, _, query = self.path.partition("?")
        body = self.body()
        environment = dict(
            os.environ,
            GIT_PROJECT_ROOT=os.path.dirname(repository),
            GIT_HTTP_EXPORT_ALL="1",
            PATH_INFO="/" + os.path.basename(repository) + path.removeprefix("/repo.git"),
            QUERY_STRING=query,
            REQUEST_METHOD=self.command,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            CONTENT_LENGTH=str(len(body)),
        )
        done = subprocess.run([backend], input=body, env=environment, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.partition(": ")[::2] for line in head.decode().splitlines()]
        status = next((value for name, value in fields if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
