"""Who gets in: nobody but the page of who started the lab."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from asgi import HOST, TOKEN, ask, asked, ours, run

from backlit.lab.served.guard import Guard, new_token
from backlit.lab.served.page import page_files
from backlit.lab.served.server import make_app
from every import every

NAME = "0" * 32
ROUTES = ["/", "/built/page.js", "/api/labs", f"/api/labs/{NAME}", f"/api/labs/{NAME}/commands",
          f"/api/labs/{NAME}/files", f"/api/labs/{NAME}/events", "/docs", "/openapi.json", "/favicon.ico"]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"]


@pytest.fixture(scope="module")
def app():
    return make_app(HOST, TOKEN)


FORGED = [
    *[{"host": host} for host in [
        "localhost:8765", "evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:87650",
        "127.0.0.1:8765.evil.example", "127.0.0.1:8765@evil.example", "0.0.0.0:8765", "[::1]:8765", "127.1:8765",
        "2130706433:8765", "127.0.0.1:8765 ", "127.0.0.1:8765,evil.example", "", "127.0.0.1:8765#", "0177.0.0.1:8765",
    ]],
    *[{"origin": origin} for origin in [
        "http://evil.example", "null", "http://localhost:8765", "https://127.0.0.1:8765", "http://127.0.0.1",
        "http://127.0.0.1:8765/", "http://127.0.0.1:8765.evil.example", "file://", "", "http://127.0.0.1:8765 ",
    ]],
    *[{"sec-fetch-site": site} for site in ["cross-site", "same-site", "", "nonsense"]],
]  # fmt: skip


@every("forged", FORGED)
@every("path", ["/", "/api/labs"])
def test_a_forged_host_or_origin_is_refused(app, forged, path):
    answer = ask(app, "GET" if path == "/" else "POST", path, ours(**forged))
    assert answer.status == 403
    assert b"script" not in answer.body


@every(
    "twice", [("host", HOST), ("host", "evil.example"), ("origin", "http://evil.example"), ("x-backlit-token", TOKEN)]
)
def test_a_header_that_is_there_twice_is_refused(app, twice):
    headers = [*ours(origin=f"http://{HOST}"), twice]
    assert ask(app, "POST", "/api/labs", headers).status == 403


@every("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f"{TOKEN} ", "Bearer " + TOKEN])
@every("method", METHODS)
@every("path", ROUTES)
def test_without_the_token_nothing_is_told_but_the_page_itself(app, path, method, token):
    headers = [(name, value) for name, value in ours() if name != "x-backlit-token"]
    headers += [] if token is None else [("x-backlit-token", token)]
    answer = ask(app, method, path, headers)
    public = path in page_files() and method in ("GET", "HEAD")
    assert answer.status == (200 if public else 403), (path, method, token)


def test_the_token_counts_nowhere_but_in_its_header(app):
    headers = [
        ("host", HOST),
        ("content-type", "application/json"),
        ("cookie", f"token={TOKEN}; x-backlit-token={TOKEN}"),
    ]
    assert ask(app, "POST", "/api/labs", headers, query=f"token={TOKEN}&x-backlit-token={TOKEN}").status == 403
    assert ask(app, "POST", "/api/labs", [*headers, ("authorization", f"Bearer {TOKEN}")]).status == 403


def test_with_everything_right_one_gets_in(app):
    answer = ask(app, "POST", "/api/labs", ours(origin=f"http://{HOST}", **{"sec-fetch-site": "same-origin"}))
    assert answer.status == 200


def traversals() -> list[str]:
    ups = [
        "../",
        "..\\",
        "%2e%2e/",
        "%2e%2e%2f",
        "..%2f",
        "..%5c",
        "%252e%252e%252f",
        "..;/",
        "....//",
        "%c0%ae%c0%ae/",
    ]
    starts = ["/", "/built/", "/api/labs/", "//", "/built/%00/"]
    ends = ["etc/passwd", "server.py", "commands.py%00.js", "guard.py"]
    return [start + 4 * up + end for up in ups for start in starts for end in ends]


def test_no_path_leads_out_of_the_page(app):
    strings = traversals()
    assert len(strings) >= 200
    for text in strings:
        for path in {text, quote(text)}:
            for headers in (ours(), [("host", HOST)]):
                answer = ask(app, "GET", path, headers)
                assert answer.status in (403, 404, 405), path
                assert b"root:" not in answer.body
                assert b"import" not in answer.body


def test_every_answer_has_the_headers_that_keep_it_to_itself(app):
    for path, headers in [("/", ours()), ("/nothing", ours()), ("/", ours(host="evil"))]:
        seen = ask(app, "GET", path, headers).headers
        assert "default-src 'none'" in seen["content-security-policy"]
        assert "frame-ancestors 'none'" in seen["content-security-policy"]
        assert "unsafe" not in seen["content-security-policy"]
        assert (seen["x-content-type-options"], seen["x-frame-options"]) == ("nosniff", "DENY")
        assert (seen["cache-control"], seen["referrer-policy"]) == ("no-store", "no-referrer")
        assert not {"access-control-allow-origin", "set-cookie", "server"} & seen.keys()


def test_a_refused_body_is_not_read(app):
    async def try_it():
        read = []

        async def parts():
            read.append(1)
            return {"type": "http.request", "body": b"x" * 100, "more_body": True}

        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/labs/x/files", "headers": [(b"host", HOST.encode())]}
        await app(scope, parts, send)
        return read, sent[0]["status"]

    assert run(try_it()) == ([], 403)


def test_there_are_no_web_sockets(app):
    sent = []

    async def send(message):
        sent.append(message)

    run(app({"type": "websocket", "path": "/", "headers": []}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_tokens_are_256_bits_and_never_the_same():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) == 43 for token in tokens)


def test_tokens_are_compared_in_constant_time(monkeypatch):
    import hmac

    compared = []
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or False)
    answer = run(asked(Guard(None, HOST, TOKEN, []), "GET", "/x", ours(), [b""]))
    assert answer.status == 403
    assert compared == [(TOKEN.encode(), TOKEN.encode())]
