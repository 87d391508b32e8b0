"""Snapshots of sources behind HTTP and S3, good and bad, against real servers."""

from __future__ import annotations

import base64
import gzip
import os
import threading
import unittest
from typing import Any

import servers
from outside_case import CREDENTIALS, CSV, ROWS, SCHEMA, OutsideCase


class HTTPTests(OutsideCase):
    web: servers.Web

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.web = servers.Web()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.web.close()
        super().tearDownClass()

    def setUp(self) -> None:
        self.web.requests.clear()
        self.url = self.web.url + "/a.csv"
        self.source = {"http": {"url": self.url}}

    def answers(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.web.answer = lambda handler: handler.reply(body, status, **headers)

    def test_a_file_with_its_version_packed_or_not(self) -> None:
        self.answers(CSV.encode(), ETag='"1"')
        self.assertEqual(self.good(ROWS, self.source)["source"], {"version": 'etag:"1"'})
        self.answers(gzip.compress(CSV.encode()), Last_Modified="Sat, 28 Nov 2026 12:00:00 GMT")
        version = "modified:Sat, 28 Nov 2026 12:00:00 GMT"
        self.assertEqual(self.good(ROWS, self.source)["source"], {"version": version})

    def columns(self, name: str, content: bytes, form: str) -> Any:
        """Of a source that has more than the schema lists."""
        self.answers(content)
        source = {"http": {"url": f"{self.web.url}/{name}"}}
        body = {"schema": SCHEMA, "source": source, "format": form, "path": name}
        _, result = self.worker.run("snapshot", {**body, "tellsColumns": True}, {}, secrets={})
        return result["source"].get("columns") if "source" in result else result

    def test_the_columns_are_told_if_somebody_wants_to_know(self) -> None:
        self.assertEqual(
            self.columns("a.csv", b"origin,gate,delay\nEWR,A,1\n", "csv"),
            [{"name": name, "type": None} for name in ("origin", "gate", "delay")],
        )
        self.assertEqual(
            self.columns("a.json", b'{"origin": "EWR", "delay": 1, "at": "x", "y": 2.5}\n', "json"),
            [
                {"name": "origin", "type": "string"},
                {"name": "delay", "type": "integer"},
                {"name": "at", "type": "string"},
                {"name": "y", "type": "double"},
            ],
        )
        broken = self.columns("a.json", b'{"origin": "EWR", "delay": \n', "json")
        self.answers(b'{"origin": "EWR", "delay": \n')
        source = {"http": {"url": f"{self.web.url}/a.json"}}
        body = {"schema": SCHEMA, "source": source, "format": "json", "path": "a.json"}
        _, without = self.worker.run("snapshot", body, {}, secrets={})
        self.assertEqual(broken["message"], without["message"])
        self.assertEqual(broken["class"], "data", broken)
        names = ",".join(f"a column with a long name {index}" for index in range(1000))
        content = f"origin,delay,{names}\nEWR,1{',x' * 1000}\n"
        error = self.columns("a.csv", content.encode(), "csv")
        self.assertEqual(
            (error["code"], error["message"], error["hint"]),
            (
                "TooManyColumns",
                "a.csv has 1,002 columns, too many for ingot.lock to name",
                "remove the expectation 'schemaDrift'",
            ),
        )

    def test_credentials_are_sent_and_not_to_another_place(self) -> None:
        self.answers(CSV.encode())
        self.good(ROWS, self.source, {"token": "t0ken"})
        self.good(ROWS, self.source, {"user": "ann", "password": "secret"})
        sent = [request[2].get("Authorization") for request in self.web.requests]
        pair = base64.b64encode(b"ann:secret").decode()
        self.assertEqual(sent, ["Bearer t0ken", f"Basic {pair}"])
        other = servers.Web()
        other.answer = lambda handler: handler.reply(CSV.encode())
        self.answers(b"", 302, Location=other.url + "/b.csv")
        self.good(ROWS, self.source, {"token": "t0ken"})
        other.close()
        self.assertNotIn("Authorization", other.requests[0][2])

    def test_the_version_is_asked_for_without_reading(self) -> None:
        self.answers(CSV.encode(), ETag='"1"')
        body = {"schema": SCHEMA, "source": self.source, "asks": "version"}
        output, result = self.worker.run("snapshot", body, {}, secrets={})
        self.assertEqual(result, {"source": {"version": 'etag:"1"'}})
        self.assertEqual(os.listdir(output), [])
        self.assertEqual([request[0] for request in self.web.requests], ["HEAD"])

    def test_a_connection_that_breaks_off_is_taken_up_again(self) -> None:
        body = b"origin,delay\n" + b"EWR,1\n" * 100_000

        def answer(handler: Any) -> None:
            asked = handler.headers["Range"]
            start = int(asked[6:-1]) if asked else 0
            handler.send_response(206 if asked else 200)
            handler.send_header("ETag", '"1"')
            handler.send_header("Content-Length", str(len(body) - start))
            handler.end_headers()
            handler.wfile.write(body[start : start + 250_000])
            handler.close_connection = True

        self.web.answer = answer
        self.good([("EWR", 1)] * 100_000, self.source)
        self.assertEqual(len(self.web.requests), 3)
        self.assertEqual({r[2].get("If-Match") for r in self.web.requests[1:]}, {'"1"'})

    def test_a_source_that_changes_while_it_is_read_is_not_taken(self) -> None:
        body = b"origin,delay\n" + b"EWR,1\n" * 1000

        def answer(handler: Any, etag: bool) -> None:
            number = len(self.web.requests)
            if etag and handler.headers["If-Match"]:
                handler.reply(b"", 412)
                return
            handler.send_response(200)
            handler.send_header("Last-Modified" if not etag else "ETag", f'"{number}"')
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[:3000])
            handler.close_connection = True

        for etag in (True, False):
            self.web.requests.clear()
            self.web.answer = lambda handler, etag=etag: answer(handler, etag)
            _, error = self.snapshot(self.source)
            self.fails(
                error,
                "resource",
                "SourceChanged",
                f"{self.url} changed while it was read",
                "the step is retried from the start",
            )

    def test_a_server_that_is_not_there(self) -> None:
        url = f"http://127.0.0.1:{servers.free_port()}/a.csv"
        _, error = self.snapshot({"http": {"url": url}})
        self.fails(
            error,
            "resource",
            "SourceUnreachable",
            f"{url} cannot be reached: Connection refused",
            "the step is retried; check the address and the network",
        )

    def test_a_server_that_hangs(self) -> None:
        release = threading.Event()
        self.web.answer = lambda handler: release.wait(20) and None
        _, error = self.snapshot(self.source, seconds=0.3)
        release.set()
        self.fails(
            error,
            "resource",
            "SourceTimeout",
            f"{self.url} was silent for 0.3 s",
            "the step is retried; look at the server if it happens again",
        )

    def test_wrong_credentials_and_no_secret_anywhere(self) -> None:
        # A server that says back what it was sent.
        self.web.answer = lambda handler: handler.reply(
            b"no: " + handler.headers["Authorization"].encode(), 401
        )
        _, error = self.snapshot(self.source, {"token": "t0p-secret"})
        self.fails(
            error,
            "resource",
            "CredentialsRefused",
            f"{self.url}: the server answered 401 Unauthorized",
            CREDENTIALS,
        )
        # As part of an address that a message names.
        secret = {"http": {"url": self.url + "?key=t0p-secret"}}
        _, error = self.snapshot(secret, {"token": "t0p-secret"})
        self.assertEqual(
            error["message"], f"{self.url}?key=•••: the server answered 401 Unauthorized"
        )
        with open(os.path.join(self.worker.directory, "log"), encoding="utf-8") as log:
            text = log.read()
        self.assertIn("?key=•••", text)
        self.assertNotIn("t0p-secret", text)

    def test_what_is_missing_and_what_fails(self) -> None:
        self.answers(b"", 404)
        _, error = self.snapshot(self.source)
        self.fails(
            error,
            "resource",
            "SourceMissing",
            f"{self.url} does not exist: the server answered 404 Not Found",
            "correct the source, or put it back; the step is retried",
        )
        self.answers(b"", 503)
        _, error = self.snapshot(self.source)
        self.fails(
            error,
            "resource",
            "SourceUnavailable",
            f"{self.url}: the server answered 503 Service Unavailable",
            "the step is retried; look at the server",
        )

    def test_a_source_for_which_there_is_no_room_is_not_read(self) -> None:
        # Nothing of it is ever sent.
        self.answers(b"", Content_Length=str(10**10))
        _, error = self.snapshot(self.source, file_bytes=10**9)
        self.fails(
            error,
            "resource",
            "DiskFull",
            f"{self.url} has 10.0 GB, but there is room for 1.0 GB only",
            "free some space in the state directory's file system; the step is retried",
        )

    def test_bad_content(self) -> None:
        self.answers(b"origin,delay\nEWR,soon\n")
        _, error = self.snapshot(self.source)
        self.fails(
            error,
            "data",
            "BadValue",
            f"{self.url}, line 2: column 'delay' has 'soon', which is not an integer",
            "correct the value, change the column's type or list the value in nullValues",
        )
        self.answers(b"origin,minutes\nEWR,1\n")
        _, error = self.snapshot(self.source)
        self.fails(
            error,
            "data",
            "ColumnMissing",
            f"{self.url} has no column 'delay'; it has: origin, minutes",
            "correct the schema, or the file",
        )
        self.answers(b"PAR1" + b"x" * 100)
        _, error = self.snapshot(self.source, form="parquet")
        self.fails(
            error,
            "data",
            "FileTruncated",
            f"{self.url} is truncated: it has 104 bytes and no Parquet footer",
            "copy the file again",
        )


@unittest.skipUnless(os.path.exists(servers.MOTO), "moto is not installed; `make test` does it")
class S3Tests(OutsideCase):
    s3: servers.S3

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.s3 = servers.S3()
        cls.s3.put("2013-02.csv", "origin,delay\nLGA,2\n")
        cls.s3.put("2013-01.csv.gz", gzip.compress(CSV.encode()))
        cls.s3.put("year/2013-02.csv", "origin,delay\nLGA,2\n")
        cls.s3.put("year/2013-01.csv.gz", gzip.compress(CSV.encode()))
        cls.s3.put("year/more/2013-03.csv", CSV)
        cls.s3.put("year/nötes +1.txt", "nothing")

    def setUp(self) -> None:
        self.s3.lock()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.s3.close()
        super().tearDownClass()

    def bucket(self, **what: str) -> dict[str, Any]:
        source = {"bucket": "lake", "region": "eu-central-1", "endpoint": self.s3.url, **what}
        return {"s3": source}

    def test_one_object_many_and_those_of_a_pattern(self) -> None:
        result = self.good([("LGA", 2)], self.bucket(key="2013-02.csv"), self.s3.secrets)
        self.assertRegex(result["source"]["version"], '^etag:"[0-9a-f]{32}"$')
        both = self.bucket(glob="2013-*.csv*")
        result = self.good([*ROWS, ("LGA", 2)], both, self.s3.secrets)
        self.assertRegex(result["source"]["version"], "^etags:[0-9a-f]{64}$")

    def test_the_version_is_asked_for_without_reading(self) -> None:
        source = self.bucket(key="2013-02.csv")
        read = self.good([("LGA", 2)], source, self.s3.secrets)
        body = {"schema": SCHEMA, "source": source, "asks": "version"}
        _, asked = self.worker.run("snapshot", body, {}, secrets=self.s3.secrets)
        self.assertEqual(asked, {"source": read["source"]})

    def test_signatures_are_those_of_botocore(self) -> None:
        self.assertEqual(servers.compare_signatures(), ["True"] * 4)

    def test_keys_with_slashes_and_letters_that_are_escaped(self) -> None:
        self.s3.lock(10**6)
        self.good([*ROWS, ("LGA", 2)], self.bucket(glob="year/2013-*"), self.s3.secrets)
        self.good(ROWS, self.bucket(prefix="year/more/"), self.s3.secrets)
        _, error = self.snapshot(self.bucket(prefix="year/nö"), self.s3.secrets)
        self.assertEqual(error["code"], "ColumnMissing", error)

    def test_wrong_credentials(self) -> None:
        secrets = {**self.s3.secrets, "secretAccessKey": "wr0ng/secret"}
        _, error = self.snapshot(self.bucket(key="2013-02.csv"), secrets)
        self.fails(
            error,
            "resource",
            "CredentialsRefused",
            "s3://lake/2013-02.csv: the server answered 403 SignatureDoesNotMatch",
            CREDENTIALS,
        )

    def test_what_is_missing(self) -> None:
        self.s3.lock(10**6)
        hint = "correct the source, or put it back; the step is retried"
        for what, message in (
            ({"key": "a.csv"}, "s3://lake/a.csv does not exist"),
            ({"glob": "year/*.json"}, "s3://lake/year/*.json matches no object"),
            ({"prefix": "month/"}, "there is no object below s3://lake/month/"),
        ):
            _, error = self.snapshot(self.bucket(**what), self.s3.secrets)
            self.fails(error, "resource", "SourceMissing", message, hint)
        _, error = self.snapshot(self.bucket(key="a", bucket="pond"), self.s3.secrets)
        self.fails(
            error,
            "resource",
            "SourceMissing",
            "there is no bucket 'pond'",
            "correct the source, or make the bucket; the step is retried",
        )

    def test_a_source_for_which_there_is_no_room_is_not_read(self) -> None:
        _, error = self.snapshot(self.bucket(glob="2013-*.csv*"), self.s3.secrets, file_bytes=10)
        self.assertEqual(error["code"], "DiskFull")
        self.assertRegex(
            error["message"],
            r"^s3://lake, 2 objects has \d+ bytes, but there is room for 10 bytes only$",
        )


if __name__ == "__main__":
    unittest.main()
