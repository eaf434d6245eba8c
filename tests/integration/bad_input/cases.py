"""Requests that a notary refuses, each kind beside good ones that it accepts."""

import json
from urllib.parse import quote

from evidence.digests import digests_of
from tests.integration.bad_input.raw import Request, chunked

LIMIT_BYTES = 2_000_000
DEPOSITS, BY_DIGESTS = "/v1/deposits", "/v1/deposits/digests"
UNKNOWN = "exhibit:" + "0" * 32
SOME_DIGEST = "sha256:" + "0" * 64
DIGESTS = digests_of(b"x").texts()
GOOD = {"digests": DIGESTS, "size_bytes": 1}
CHUNKED = ("Transfer-Encoding", "chunked")
LAST_CHUNK = b"0\r\n\r\n"
NOT_HTTP = "not HTTP"
"""Refused by the server before there is a request: a 400 of one line of plain text."""


def upload(query: str = "", *headers: tuple[str, str], body: bytes = b"x") -> Request:
    target = f"{DEPOSITS}?{query}" if query else DEPOSITS
    return Request(target=target, headers=headers, body=body)


def named(file_name: str) -> Request:
    return upload(f"file_name={file_name}")


def by_digests(
    body: object, *headers: tuple[str, str], media_type: str = "application/json"
) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    typed = (("Content-Type", media_type), *headers)
    return Request(target=BY_DIGESTS, body=raw, headers=typed)


def get(target: str, *headers: tuple[str, str]) -> Request:
    return Request(method="GET", target=target, headers=headers)


def keyed(*keys: str) -> Request:
    return upload("", *(("Idempotency-Key", key) for key in keys))


REFUSED_UPLOADS = {
    "empty": (upload(body=b""), "exhibit-empty"),
    "empty in chunks": (upload("", CHUNKED, body=LAST_CHUNK), "exhibit-empty"),
    "announced too large": (upload("", ("Content-Length", "9" * 12)), "exhibit-too-large"),
    "too large by one byte": (upload(body=bytes(LIMIT_BYTES + 1)), "exhibit-too-large"),
    "too large in chunks": (
        upload("", CHUNKED, body=chunked(bytes(LIMIT_BYTES), b"x") + LAST_CHUNK),
        "exhibit-too-large",
    ),
    "another digest": (upload(f"expect={SOME_DIGEST}"), "digest-mismatch"),
    "one of two digests": (
        upload(f"expect={DIGESTS[0]}&expect=sm3:{'0' * 64}"),
        "digest-mismatch",
    ),
    "unknown algorithm": (upload("expect=md5:" + "0" * 32), "invalid-field"),
    "digest in capitals": (upload("expect=" + DIGESTS[0].upper()), "invalid-field"),
    "digest and a newline": (upload(f"expect={DIGESTS[0]}%0a"), "invalid-field"),
    "nine digests": (upload("&".join([f"expect={DIGESTS[0]}"] * 9)), "invalid-field"),
    "name of no characters": (named(""), "invalid-field"),
    "name up the tree": (named("..%2fpasswd"), "invalid-field"),
    "name up another tree": (named("..%5cpasswd"), "invalid-field"),
    "name with NUL": (named("a%00b"), "invalid-field"),
    "name with a newline": (named("a%0ab"), "invalid-field"),
    "name with an escape": (named("a%1bb"), "invalid-field"),
    "name with a C1 control": (named("a%c2%85b"), "invalid-field"),
    "name of 256 characters": (named("a" * 256), "invalid-field"),
    "name of 256 others": (named(quote("证" * 256)), "invalid-field"),
    "name with a lone surrogate": (named("%ed%a0%80"), "invalid-field"),
    "name not UTF-8": (named("%ff"), "invalid-field"),
    "name with an overlong dot": (named("%c0%ae"), "invalid-field"),
    "media type of no kind": (upload("media_type=x"), "invalid-field"),
    "media type with a header": (upload("media_type=text/x%0d%0aA:b"), "invalid-field"),
    "long note": (upload("note=" + "a" * 2001), "invalid-field"),
    "very long note": (upload("note=" + "a" * 60_000), "invalid-field"),
    "time in words": (upload("claimed_at=yesterday"), "invalid-field"),
    "time without a zone": (upload("claimed_at=2026-01-01T00:00:00"), "invalid-field"),
    "time too fine": (upload("claimed_at=2026-01-01T00:00:00.0001Z"), "invalid-field"),
    "thirteenth month": (upload("claimed_at=2026-13-01T00:00:00Z"), "invalid-field"),
    "year 0": (upload("claimed_at=0000-01-01T00:00:00Z"), "invalid-field"),
    "before year 1": (upload("claimed_at=0001-01-01T00:00:00%2B23:59"), "invalid-field"),
    "after year 9999": (upload("claimed_at=9999-12-31T23:59:59-23:59"), "invalid-field"),
    "zone of no place": (upload("claimed_at=2026-01-01T00:00:00%2B99:99"), "invalid-field"),
    "unknown confidentiality": (upload("confidentiality=TOP"), "invalid-field"),
    "role of a judge": (upload("role=JUDGE"), "invalid-field"),
    "unknown parameter": (upload("stream=x"), "invalid-field"),
    "parameter without a name": (upload("=x"), "invalid-field"),
    "parameter twice": (upload("note=a&note=b"), "invalid-field"),
    "form": (upload("", ("Content-Type", "multipart/form-data; boundary=x")), "invalid-field"),
    "digests of a foreign form": (by_digests(GOOD, media_type="text/plain"), "invalid-field"),
    "digests as a form": (
        by_digests(b"{}", media_type="application/x-www-form-urlencoded"),
        "invalid-field",
    ),
    "compressed": (upload("", ("Content-Encoding", "gzip")), "invalid-field"),
    "empty key": (keyed(""), "invalid-field"),
    "key of 256 characters": (keyed("k" * 256), "invalid-field"),
    "key with a space": (keyed("a b"), "invalid-field"),
    "key not ASCII": (keyed("é"), "invalid-field"),
    "two keys": (keyed("a", "b"), "invalid-field"),
    "same key twice": (keyed("a", "a"), "invalid-field"),
    "original of nothing": (
        Request(target=f"{DEPOSITS}/{UNKNOWN}/original", body=b"x"),
        "deposit-unknown",
    ),
    "original of no name": (
        Request(target=f"{DEPOSITS}/%00%ff/original", body=b"x"),
        "deposit-unknown",
    ),
}

REFUSED_BODIES: dict[str, object] = {
    "nothing": b"",
    "half": b'{"digests":',
    "not UTF-8": b"\xff",
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "form": b"size_bytes=1",
    "list": [],
    "text": "x",
    "null": None,
    "NaN": b'{"size_bytes":NaN}',
    "trailing bytes": json.dumps(GOOD).encode() + b"x",
    "member twice": json.dumps(GOOD)[:-1].encode() + b',"size_bytes":1}',
    "number of 400 digits": b'{"size_bytes":' + b"9" * 400 + b"}",
    "number of 60,000 digits": b'{"size_bytes":' + b"9" * 60_000 + b"}",
    "number of 5,000,000 digits": b'{"size_bytes":' + b"9" * 5_000_000 + b"}",
    "exponent": b'{"size_bytes":1e999999999}',
    "nested lists": b"[" * 60_000,
    "nested objects": b'{"a":' * 12_000,
    "nested out of bounds": b"[" * 100_000,
    "much space": b" " * 70_000,
    "lone surrogate": b'{"note":"\\ud800"}',
    "nothing inside": {},
    "no size": {"digests": DIGESTS},
    "no digests": {"size_bytes": 1},
    "unknown member": {**GOOD, "content": "x"},
    "digests expected": {**GOOD, "expect": DIGESTS},
    "member without a name": {**GOOD, "": 1},
    "member of 1000 characters": {**GOOD, "x" * 1000: 1},
    "digests none": {**GOOD, "digests": []},
    "digest one": {**GOOD, "digests": DIGESTS[:1]},
    "digests reversed": {**GOOD, "digests": DIGESTS[::-1]},
    "digests twice": {**GOOD, "digests": DIGESTS * 2},
    "digests in capitals": {**GOOD, "digests": [text.upper() for text in DIGESTS]},
    "digests in an object": {**GOOD, "digests": {"sha256": "0"}},
    "name up the tree": {**GOOD, "file_name": "../x"},
    "name with NUL": {**GOOD, "file_name": "\0"},
    "name a list": {**GOOD, "file_name": ["x"]},
    "note a number": {**GOOD, "note": 1},
    "long note": {**GOOD, "note": "证" * 2001},
    "time a number": {**GOOD, "claimed_at": 0},
    "role none": {**GOOD, "role": None},
    **{
        f"size {size!r}": {**GOOD, "size_bytes": size}
        for size in (0, -1, 1.0, 0.5, True, "1", None, [1], 2**53, 10**300)
    },
}

REFUSED_ADDRESSES = {
    **{
        f"{DEPOSITS}/{name}": "deposit-unknown"
        for name in (
            UNKNOWN,
            UNKNOWN + "/bundle",
            UNKNOWN[:-1],
            UNKNOWN.upper(),
            "exhibit:zz",
            "digests",
            "%00",
            "%ff",
            "%ed%a0%80",
            "%f0%9f%98%80",
            "'%20OR%201=1--",
            "a" * 10_000,
        )
    },
    **{
        f"/log/tile/{path}": "not-found"
        for path in (
            "",
            "../../notary.sqlite",
            "%2e%2e/%2e%2e/notary.sqlite",
            "..%2f..%2fnotary.sqlite",
            "/etc/passwd",
            "%00",
            "0/000%00",
            "0/000/",
            "0%5c000",
            "-1/000",
            "6/000",
            "64/000",
            "%d9%a0/000",
            "0/000.p/0",
            "0/000.p/01",
            "0/000.p/256",
            "0/000.p/255",
            "0/000.p/%ff",
            "0/x000/000",
            "0/x001/000",
            "0/" + "x999/" * 4 + "999",
            "0/" + "x999/" * 5 + "999",
            "0/" + "x001/" * 1_000 + "001",
            "0/" + "x001/" * 3_000 + "001",
            "0/" + "9" * 10_000,
            "entries/000",
        )
    },
    **dict.fromkeys(
        (
            "/nope",
            "//v1/deposits",
            "/%00",
            "/v1",
            f"{DEPOSITS}/..%2f..%2fetc%2fpasswd",
            f"{DEPOSITS}/{UNKNOWN}/keys",
            "/log/entries/000",
            "/log/tile%2f0%2f000",
            "/static/",
            "/static/%00",
            "/static/%ff",
            "/static/../../../pyproject.toml",
            "/static/..%2f..%2froutes.py",
            "/static/" + "a" * 5_000,
        ),
        "not-found",
    ),
}

NO_REQUESTS = {
    "chunk size in no number": upload("", CHUNKED, body=b"zz\r\nx\r\n" + LAST_CHUNK),
    "length and chunks": upload(
        "", CHUNKED, ("Content-Length", "1"), body=chunked(b"x") + LAST_CHUNK
    ),
    "two lengths": upload("", ("Content-Length", "1"), ("Content-Length", "2")),
    **{
        f"length {length!r}": upload("", ("Content-Length", length))
        for length in ("-1", "+1", "1e3", "abc", "1, 1", "", "9" * 20)
    },
    "header with NUL": keyed("a\0b"),
    "unknown method": Request(method="FOO", target=DEPOSITS),
    "address of 600,000 characters": upload("note=" + "a" * 600_000),
    "unknown coding": upload("", ("Transfer-Encoding", "gzip")),
}

BROKEN_OFF = {
    "announced": upload("", ("Content-Length", "100"), body=b"x" * 99),
    "announced and long": upload("", ("Content-Length", "1900000"), body=bytes(1_800_000)),
    "nothing of it": upload("", ("Content-Length", "100"), body=b""),
    "in chunks": upload("", CHUNKED, body=chunked(b"x" * 99)),
    "within a chunk": upload("", CHUNKED, body=b"64\r\nxxx"),
    "digests": by_digests(GOOD, ("Content-Length", "500")),
}
"""Sent so far and no further."""

ACCEPTED = {
    "one byte": upload(),
    "at the limit": upload(body=bytes(LIMIT_BYTES)),
    "in chunks": upload("", CHUNKED, body=chunked(b"x", b"y") + LAST_CHUNK),
    "both digests": upload(f"expect={DIGESTS[0]}&expect={DIGESTS[1]}"),
    "name of 255 characters": named("a" * 255),
    "name in Chinese": named(quote("合同（最终版）.pdf")),
    "name with an emoji": named(quote("😀.png")),
    "name of dots": named(".."),
    "name that turns the line": named(quote("a\u202egpj.exe")),
    "name with a percent sign": named("100%25"),
    "note of 2,000 characters": upload("note=" + quote("证" * 2000)),
    "time with a zone": upload("claimed_at=2026-01-01T08:00:00.123%2B08:00"),
    "long ago": upload("claimed_at=0001-01-01T00:00:00Z"),
    "type of no kind": upload("", ("Content-Type", "///")),
    "key of 255 characters": keyed("k" * 255),
    "unknown headers": upload("", *((f"X-{n}", "x") for n in range(500))),
    "foreign host": upload("", ("Host", "elsewhere.example")),
    "digests": by_digests(GOOD),
    "digests of a large file": by_digests({**GOOD, "size_bytes": 2**53 - 1}),
    "digests in UTF-8, as said": by_digests(GOOD, media_type="Application/JSON; charset=utf-8"),
    "digests with a name": by_digests({**GOOD, "file_name": "合同.pdf", "note": None}),
}
