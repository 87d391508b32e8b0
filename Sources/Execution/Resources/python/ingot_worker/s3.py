"""Objects in S3 and in what speaks like it: signed requests, one page of a listing at a time."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ingot_worker.download import Limits, Remote, answer, refused, unavailable
from ingot_worker.errors import StepError, data_error

OBJECTS_MAX = 10_000
_LISTING_BYTES_MAX = 16 << 20
_EMPTY = hashlib.sha256(b"").hexdigest()
_REFUSALS = {
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}


@dataclass(frozen=True)
class Object:
    """An object as a listing names it."""

    key: str
    etag: str
    size: int


class Bucket:
    """A bucket, with the keys to it. Without keys requests are not signed."""

    def __init__(self, source: dict[str, Any], secrets: dict[str, str], limits: Limits) -> None:
        self.name: str = source["bucket"]
        self._region = source.get("region") or secrets.get("region") or "us-east-1"
        self._secrets = secrets
        self._limits = limits
        endpoint = source.get("endpoint") or secrets.get("endpoint")
        if endpoint:
            self._base = f"{endpoint.rstrip('/')}/{quote(self.name)}"
        else:
            self._base = f"https://{self.name}.s3.{self._region}.amazonaws.com"

    def remote(self, key: str, etag: str | None) -> Remote:
        """The object, as it was when it had that ETag."""
        return self._remote(f"{self._base}/{quote(key)}", f"s3://{self.name}/{key}", etag)

    def _remote(self, url: str, name: str, etag: str | None = None) -> Remote:
        def explain(status: int, body: bytes) -> StepError | None:
            code = re.search(rb"<Code>(\w+)</Code>", body)
            word = code.group(1).decode() if code else ""
            if word in _REFUSALS or status == 403:
                return refused(name, f"the server answered {status} {word}".rstrip())
            if word == "NoSuchBucket":
                return unavailable(
                    "SourceMissing",
                    f"there is no bucket '{self.name}'",
                    "correct the source, or make the bucket; the step is retried",
                )
            return None

        return Remote(url, name, self._sign, etag, explain)

    def listing(self, prefix: str, token: str = "") -> Remote:
        """One page of a listing."""
        query = {"list-type": "2", "prefix": prefix}
        if token:
            query["continuation-token"] = token
        text = "&".join(f"{k}={quote(v, safe='')}" for k, v in sorted(query.items()))
        return self._remote(f"{self._base}/?{text}", f"s3://{self.name}/{prefix}")

    def list(self, prefix: str) -> list[Object]:
        """The objects whose keys start so, sorted by the bytes of their keys."""
        found: list[Object] = []
        token = ""
        while True:
            remote = self.listing(prefix, token)
            with answer(remote, self._limits) as response:
                body = response.read(_LISTING_BYTES_MAX)
            page, token = _page(body, remote.name)
            found += page
            if len(found) > OBJECTS_MAX:
                raise data_error(
                    "TooManyObjects",
                    f"{remote.name} has more than {OBJECTS_MAX:,} objects",
                    "choose a longer prefix",
                )
            if not token:
                return sorted(found, key=lambda item: item.key.encode())

    def _sign(self, method: str, url: str, headers: dict[str, str]) -> dict[str, str]:
        """Signature Version 4, with an empty body."""
        if "accessKeyId" not in self._secrets:
            return headers
        now = datetime.datetime.now(datetime.UTC)
        moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        parts = urlsplit(url)
        signed = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        if token := self._secrets.get("sessionToken"):
            signed["x-amz-security-token"] = token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = "\n".join([method, parts.path or "/", parts.query, lines, names, _EMPTY])
        scope = f"{day}/{self._region}/s3/aws4_request"
        text = "\n".join(
            ["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()]
        )
        key = ("AWS4" + self._secrets.get("secretAccessKey", "")).encode()
        for part in (day, self._region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"{self._secrets['accessKeyId']}/{scope}"
        del signed["host"]
        return {
            **headers,
            **signed,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, "
            f"SignedHeaders={names}, Signature={signature}",
        }


def _page(body: bytes, name: str) -> tuple[list[Object], str]:
    """The objects of one page of a listing, and where the next begins."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        raise unavailable(
            "SourceUnavailable", f"{name}: the listing is not XML", "check the endpoint"
        ) from None
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""

    def text(node: ElementTree.Element, tag: str) -> str:
        return node.findtext(space + tag) or ""

    objects = [
        Object(text(item, "Key"), text(item, "ETag"), int(text(item, "Size") or 0))
        for item in root.iter(f"{space}Contents")
        # What ends in a slash stands for a folder and holds nothing.
        if not text(item, "Key").endswith("/")
    ]
    return objects, text(root, "NextContinuationToken")
