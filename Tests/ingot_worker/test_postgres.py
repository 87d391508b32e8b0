"""Snapshots of queries in PostgreSQL, good and bad, against a real server."""

from __future__ import annotations

import datetime
import os
import unittest
from typing import Any

import servers
from outside_case import CREDENTIALS, OutsideCase
from support import Worker


@unittest.skipUnless(servers.POSTGRES, "PostgreSQL is not installed; `make test` does it")
class PostgresTests(OutsideCase):
    server: servers.Postgres

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = servers.Postgres()
        cls.server.run(
            "CREATE TABLE flights (origin text, delay int, at timestamptz, ok boolean, x numeric);"
            "INSERT INTO flights VALUES ('EWR', 1, '2013-01-01 05:00+02', true, 1.5),"
            "('J,\"F\"K', NULL, NULL, NULL, NULL), ('', 3, '2013-01-01 05:00Z', false, 2);"
            "CREATE USER guest PASSWORD 'guest'"
        )

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.close()
        super().tearDownClass()

    def query(self, text: str, secrets: dict[str, str] | None = None, **more: Any) -> Any:
        return self.snapshot({"postgres": {"query": text}}, secrets or self.server.secrets, **more)

    def test_rows_with_nulls_and_empty_texts_in_the_types_of_the_database(self) -> None:
        output, result = self.query("SELECT * FROM flights ORDER BY delay NULLS FIRST;", wanted=[])
        self.assertEqual(result.get("rows"), 3, result)
        self.assertRegex(result["source"]["version"], "^lsn:[0-9A-F]+/[0-9A-F]+$")
        self.assertEqual(
            self.rows(output),
            [
                ('J,"F"K', None, None, None, None),
                ("EWR", 1, datetime.datetime(2013, 1, 1, 3), True, 1.5),
                ("", 3, datetime.datetime(2013, 1, 1, 5), False, 2.0),
            ],
        )

    def test_the_columns_are_told_if_somebody_wants_to_know(self) -> None:
        body = {
            "schema": [{"name": "delay", "type": "integer", "nullable": True}],
            "source": {"postgres": {"query": "SELECT * FROM flights"}},
            "tellsColumns": True,
        }
        _, result = self.worker.run("snapshot", body, {}, secrets=self.server.secrets)
        self.assertEqual(
            {column["name"]: column["type"] for column in result["source"]["columns"]},
            {
                "origin": "string",
                "delay": "integer",
                "at": "timestamp",
                "ok": "boolean",
                "x": "double",
            },
        )

    def test_rows_in_the_types_of_the_schema(self) -> None:
        wanted = [
            {"name": "at", "type": "timestamp", "nullable": True},
            {"name": "ok", "type": "boolean", "nullable": True},
            {"name": "origin", "type": "string", "nullable": False},
        ]
        output, _ = self.query("SELECT * FROM flights ORDER BY delay DESC", wanted=wanted)
        self.assertEqual(self.rows(output)[2], (datetime.datetime(2013, 1, 1, 3), True, "EWR"))

    def test_a_server_without_the_encryption_that_is_wanted(self) -> None:
        for mode in ("require", "verify-full"):
            _, error = self.query("SELECT 1 AS a", {**self.server.secrets, "sslmode": mode})
            self.fails(
                error,
                "resource",
                "SourceUnreachable",
                "the database postgres on 127.0.0.1 cannot be reached: the server has no TLS, "
                "which sslmode asks for",
                "the step is retried; check the address and the network",
            )

    def test_a_unix_socket(self) -> None:
        secrets = {**self.server.secrets, "host": self.server.folder}
        output, _ = self.query("SELECT 'EWR' AS origin, 7 AS delay", secrets)
        self.assertEqual(self.rows(output), [("EWR", 7)])

    def test_nothing_can_be_changed(self) -> None:
        _, error = self.query("DELETE FROM flights RETURNING origin, delay")
        self.assertEqual(error["class"], "config", error)
        self.assertEqual(self.server.run("SELECT count(*) FROM flights"), "3\n")

    def test_wrong_credentials_and_no_secret_anywhere(self) -> None:
        name = "postgres on 127.0.0.1"
        secrets = {**self.server.secrets, "password": "wr0ng"}
        _, error = self.query("SELECT 1", secrets)
        self.fails(
            error,
            "resource",
            "CredentialsRefused",
            f'the database {name}: password authentication failed for user "ingot"',
            CREDENTIALS,
        )
        guest = {**self.server.secrets, "user": "guest", "password": "guest"}
        _, error = self.query("SELECT * FROM flights", guest)
        self.fails(
            error,
            "resource",
            "CredentialsRefused",
            f"the database {name}: permission denied for table flights",
            CREDENTIALS,
        )
        _, error = self.query(f"SELECT '{servers.SECRET}'::int")
        self.fails(
            error,
            "config",
            "QueryFailed",
            'the query fails: invalid input syntax for type integer: "•••"',
            "correct the query",
        )

    def test_what_is_wrong_with_the_query_or_the_server(self) -> None:
        _, error = self.query("SELECT nothing FROM flights")
        self.fails(
            error,
            "config",
            "QueryFailed",
            'the query fails: column "nothing" does not exist',
            "correct the query",
        )
        _, error = self.query("SET x.y = 1")
        self.fails(error, "config", "NotAQuery", "the query returns no rows", "write one SELECT")
        _, error = self.query("SELECT 1", {**self.server.secrets, "database": "other"})
        self.fails(
            error,
            "resource",
            "SourceMissing",
            'the database other on 127.0.0.1: database "other" does not exist',
            "correct the credentials' database; the step is retried",
        )
        _, error = self.query("SELECT 1", {**self.server.secrets, "port": "1"})
        self.fails(
            error,
            "resource",
            "SourceUnreachable",
            "the database postgres on 127.0.0.1 cannot be reached: Connection refused",
            "the step is retried; check the address and the network",
        )
        _, error = self.query("SELECT pg_sleep(20), 'EWR' AS origin, 1 AS delay", seconds=0.3)
        self.fails(
            error,
            "resource",
            "SourceTimeout",
            "the database postgres on 127.0.0.1 was silent for 0.3 s",
            "the step is retried; look at the server if it happens again",
        )
        _, error = self.query("SELECT 'EWR' AS origin, 'soon' AS delay")
        self.assertEqual(
            error["message"],
            "the query, row 1: column 'delay' has 'soon', which is not an integer",
        )


@unittest.skipUnless(servers.POSTGRES, "PostgreSQL is not installed; `make test` does it")
class TLSTests(OutsideCase):
    server: servers.Postgres
    # Does not know who signed the server's certificate.
    stranger: Worker

    @classmethod
    def setUpClass(cls) -> None:
        cls.stranger = Worker()
        cls.server = servers.Postgres(tls=True)
        os.environ["SSL_CERT_FILE"] = cls.server.certificate
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        del os.environ["SSL_CERT_FILE"]
        cls.server.close()
        cls.stranger.close()

    def encrypted(self, **secrets: str) -> Any:
        """Whether the server says that the connection is, or the error."""
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        output, result = self.snapshot(
            {"postgres": {"query": query}}, {**self.server.secrets, **secrets}, wanted=[]
        )
        return self.rows(output)[0][0] if "rows" in result else result

    def test_a_connection_is_as_sslmode_says(self) -> None:
        self.assertIs(self.encrypted(), True)
        self.assertIs(self.encrypted(sslmode="prefer"), True)
        self.assertIs(self.encrypted(sslmode="require"), True)
        self.assertIs(self.encrypted(sslmode="verify-full"), True)
        self.assertIs(self.encrypted(sslmode="disable"), False)
        self.assertIs(self.encrypted(sslmode="require", host=self.server.folder), False)

    def test_a_server_that_is_not_who_it_says(self) -> None:
        hint = "the step is retried; check the address and the network"
        self.fails(
            self.encrypted(sslmode="verify-full", host="localhost"),
            "resource",
            "SourceUnreachable",
            "the database postgres on localhost cannot be reached: its certificate is not "
            "trusted: Hostname mismatch, certificate is not valid for 'localhost'.",
            hint,
        )
        source = {"source": {"postgres": {"query": "SELECT 1 AS a"}}, "schema": []}
        body = {"format": "csv", "path": "the source", **source}
        secrets = {**self.server.secrets, "sslmode": "verify-full"}
        _, error = self.stranger.run("snapshot", body, {}, secrets=secrets)
        self.fails(
            error,
            "resource",
            "SourceUnreachable",
            "the database postgres on 127.0.0.1 cannot be reached: its certificate is not "
            "trusted: self-signed certificate",
            hint,
        )


if __name__ == "__main__":
    unittest.main()
