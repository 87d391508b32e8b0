"""Real servers for tests of sources: PostgreSQL, moto as S3, and HTTP with bad manners."""

from __future__ import annotations

import glob
import http.server
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MOTO = os.path.join(ROOT, ".venv-moto/bin")
POSTGRES = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
SOURCES = os.path.join(ROOT, "Sources/Execution/Resources/python")
SECRET = "pass wörd/+&"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")


class Postgres:
    """A cluster of its own in a temporary folder, as a user without rights.

    With TLS it has a certificate for 127.0.0.1 that it has signed itself.
    """

    def __init__(self, tls: bool = False) -> None:
        self.folder = tempfile.mkdtemp(prefix="ingot-postgres-")
        self.port = free_port()
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        password = os.path.join(self.folder, "password")
        with open(password, "w", encoding="utf-8") as file:
            file.write(SECRET)
        if os.getuid() == 0:
            for path in (self.folder, password):
                shutil.chown(path, self.user)
        self.data = os.path.join(self.folder, "data")
        self.call(
            "initdb", "-U", "ingot", "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8"
        )
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F -c log_min_messages=fatal"
        self.certificate = os.path.join(self.folder, "certificate.pem")
        if tls:
            key = self._certify()
            options += f" -c ssl=on -c ssl_cert_file={self.certificate} -c ssl_key_file={key}"
        log = os.path.join(self.folder, "log")
        self.call("pg_ctl", "-w", "-o", options, "-l", log, "start")

    def _certify(self) -> str:
        """Make the certificate; returns the path of its key."""
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=ingot test", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )
        os.chmod(key, 0o600)
        if os.getuid() == 0:
            shutil.chown(key, self.user)
        return key

    def call(self, program: str, *arguments: str) -> None:
        user = {"user": self.user, "group": self.user, "extra_groups": []}
        subprocess.run(
            [os.path.join(POSTGRES[-1], program), "-D", self.data, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            **(user if os.getuid() == 0 else {}),  # type: ignore[arg-type]
        )

    def run(self, statements: str) -> str:
        return subprocess.run(
            [
                os.path.join(POSTGRES[-1], "psql"),
                *("-qAt", "-v", "ON_ERROR_STOP=1", "-c", statements),
                f"host=127.0.0.1 port={self.port} user=ingot dbname=postgres",
            ],
            check=True,
            env={**os.environ, "PGPASSWORD": SECRET},
            capture_output=True,
            text=True,
        ).stdout

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "database": "postgres",
            "user": "ingot",
            "password": SECRET,
        }

    def close(self) -> None:
        self.call("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


_SIGNATURE = """
import sys
sys.path.insert(0, sys.argv[1])
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ingot_worker.download import Limits
from ingot_worker.s3 import Bucket
keys = {"accessKeyId": "AKIA", "secretAccessKey": "s/e+c", "sessionToken": "t/o+k="}
for key in ("year/nötes +1~.csv", "a&b=c"):
    bucket = Bucket({"bucket": "lake", "region": "eu-north-1"}, keys, Limits(1, 0, "/"))
    for remote in (bucket.remote(key, None), bucket.listing(key, "to/ken")):
        ours = remote.sign("GET", remote.url, {})
        moment = ours["x-amz-date"]
        request = AWSRequest("GET", remote.url, headers={"x-amz-security-token": "t/o+k="})
        request.headers["X-Amz-Date"] = moment
        request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
        request.context["timestamp"] = moment
        auth = S3SigV4Auth(Credentials("AKIA", "s/e+c"), "s3", "eu-north-1")
        theirs = auth.signature(
            auth.string_to_sign(request, auth.canonical_request(request)), request)
        print(theirs == ours["Authorization"][-64:])
"""


def compare_signatures() -> list[str]:
    """Whether signatures equal those of botocore, for a few requests."""
    return subprocess.run(
        [os.path.join(MOTO, "python"), "-c", _SIGNATURE, SOURCES],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()


_SETUP = """
import sys, boto3, json
def client(name, **more):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name="eu-central-1",
        aws_access_key_id="x", aws_secret_access_key="x", **more)
iam, s3 = client("iam"), client("s3")
iam.create_user(UserName="ingot")
every = {"Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="ingot", PolicyName="all", PolicyDocument=json.dumps(every))
key = iam.create_access_key(UserName="ingot")["AccessKey"]
s3.create_bucket(Bucket="lake",
    CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
print(key["AccessKeyId"], key["SecretAccessKey"])
"""


class S3:
    """moto's server, which checks signatures from the moment that `lock` is called.

    (It takes its own word for keys and prefixes with a slash or a letter that URLs escape: those of
    boto3 fail like ours. What is in such requests is compared with botocore instead.)
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [os.path.join(MOTO, "moto_server"), "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000000"},
        )
        wait_for(self.port, self.process)
        made = subprocess.run(
            [os.path.join(MOTO, "python"), "-c", _SETUP, self.url],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        self.secrets = {"accessKeyId": made[0], "secretAccessKey": made[1]}

    def put(self, key: str, content: bytes | str) -> None:
        body = content.encode() if isinstance(content, str) else content
        request = urllib.request.Request(f"{self.url}/lake/{quote(key)}", data=body, method="PUT")
        request.add_header("Content-Type", "text/csv")
        # moto looks the bucket up in the region that the signature names.
        request.add_header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/s3/aws4_request, "
            "SignedHeaders=host, Signature=x",
        )
        urllib.request.urlopen(request).close()

    def lock(self, actions: int = 0) -> None:
        """After so many more requests, signatures are checked."""
        request = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth",
            data=str(actions).encode(),
            headers={"Content-Type": "text/plain"},
            method="POST",
        )
        urllib.request.urlopen(request).close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Web:
    """An HTTP server that answers as `answer` says."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.answer: Callable[[Any], None] = lambda handler: handler.send_error(404)
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.requests.append((self.command, self.path, dict(self.headers)))
                web.answer(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

            def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
                self.send_response(status)
                headers.setdefault("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
