"""Sessions: what is tried again, how long is waited, and that a token goes to its own server and nowhere else."""

import gzip
import logging
import socket
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Event
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Response, Session, StatusError, UnansweredError
from guardrail.http.retry import Retries, again_at
from tests.http.scripted import Says, says, script, serving
from tests.http.waits import START, Waits

TOKEN = "ghs_secret0123456789"  # noqa: S105 - nobody's


def session(server, waits=None, **options):
    deadline = (waits or Waits()).deadline(options.pop("seconds", float("inf")))
    return Session(server.url, secrets={"Authorization": f"Bearer {TOKEN}"}, deadline=deadline, **options)


def test_an_answer_is_given_with_its_headers_and_json():
    with serving(script(says(201, {"id": 7}, X_Thing="a"))) as server:
        response = session(server).send("POST", "/things", json={"name": "x"})
    assert (response.status, response.json(), response.headers["x-thing"]) == (201, {"id": 7}, "a")
    assert server.asked[0].json == {"name": "x"}
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.asked[0].headers["user-agent"].startswith("guardrail/")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_passes_is_tried_three_times(status):
    waits = Waits()
    with serving(script(says(status), says(status), says(200, "there"))) as server:
        assert session(server, waits).send("GET", "/").json() == "there"
    assert waits.slept == [1, 2]


def test_after_three_tries_it_is_an_error():
    waits = Waits()
    with serving(script(says(502, {"message": "bad gateway"}))) as server, pytest.raises(StatusError) as caught:
        session(server, waits).send("PATCH", "/x?key=1")
    assert str(caught.value) == f"{server.url}/x: answered 502: bad gateway"
    assert caught.value.status == 502
    assert len(server.asked) == 3


@pytest.mark.parametrize("answer", [says(502), Says(hang_up=True), Says(body=b"x" * 100, cut_at=10)])
def test_a_post_is_sent_once(answer):
    with serving(script(answer, says(200))) as server, pytest.raises((StatusError, UnansweredError)):
        session(server).send("POST", "/things")
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [Says(hang_up=True), Says(body=b"x" * 100, cut_at=10)])
def test_a_get_that_is_cut_is_repeated(answer):
    waits = Waits()
    with serving(script(answer, says(200, "whole"))) as server:
        assert session(server, waits).send("GET", "/").json() == "whole"
    assert waits.slept == [1]


def test_a_post_that_reads_is_repeated():
    with serving(script(says(502), says(200, "read"))) as server:
        assert session(server).send("POST", "/graphql", json={}, reads=True).json() == "read"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_refusal_is_not_repeated(status):
    with serving(script(says(status))) as server, pytest.raises(StatusError) as caught:
        session(server).send("GET", "/")
    assert caught.value.status == status
    assert len(server.asked) == 1


LATER = format_datetime(datetime.fromtimestamp(START + 20, UTC), usegmt=True)


@pytest.mark.parametrize(
    "answer, waited",
    [
        (says(429, None, Retry_After="2"), [2]),
        (says(403, None, Retry_After="60"), [60]),
        (says(503, None, Retry_After="7"), [7]),
        (says(429, None, Retry_After=LATER), [20]),
        (says(403, None, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(START) + 30)), [31]),
        (says(429, None, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(START) - 500)), [1]),
        (says(403, {"message": "You have exceeded a secondary rate limit."}), [60]),
        (says(429), [1]),
    ],
)
def test_limits_are_waited_for(answer, waited, monkeypatch):
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(time=lambda: START))
    waits = Waits()
    with serving(script(answer, says(200, "there"))) as server:
        assert session(server, waits).send("POST", "/", reads=True).json() == "there"
    assert waits.slept == waited


@pytest.mark.parametrize(
    "answer",
    [
        says(429, None, Retry_After="61"),
        says(403, None, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(START) + 2400)),
        says(503, None, Retry_After="3600"),
        says(403, {"message": "Resource not accessible by integration"}),
        says(403, None, X_RateLimit_Remaining="0", X_RateLimit_Limit="0", X_RateLimit_Reset="99999999999"),
    ],
)
def test_too_long_a_wait_is_none(answer):
    waits = Waits()
    with serving(script(answer)) as server, pytest.raises(StatusError):
        session(server, waits).send("GET", "/")
    assert waits.slept == []
    assert len(server.asked) == 1


def test_a_limit_that_is_not_waited_for_says_until_when():
    answer = says(
        403, {"message": "API rate limit exceeded"}, X_RateLimit_Remaining="0", X_RateLimit_Reset="1800002400"
    )
    with serving(script(answer)) as server, pytest.raises(StatusError) as caught:
        session(server).send("GET", "/")
    assert "the limit on requests is used up until 2027-01-15 08:40 UTC" in str(caught.value)


def test_all_waits_together_keep_within_the_total():
    waits = Waits()
    answer = says(429, None, Retry_After="50")
    with serving(script(answer)) as server, pytest.raises(StatusError):
        session(server, waits, seconds=180).send("GET", "/")
    assert waits.slept == [50, 50, 50]


def test_a_secondary_limit_is_tried_twice():
    waits = Waits()
    with serving(script(says(403, {"message": "secondary rate limit"}))) as server, pytest.raises(StatusError):
        session(server, waits).send("POST", "/")
    assert waits.slept == [60, 120]


def test_writes_keep_a_distance():
    waits = Waits()
    with serving(script(says())) as server:
        ours = session(server, waits, write_gap=1.0)
        for method in ("GET", "POST", "GET", "PATCH", "DELETE"):
            ours.send(method, "/")
    assert waits.slept == [1, 1]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_on_the_same_host_is_repeated_as_it_is(status):
    with serving(script(says(status, None, Location="/new"), says(200, "moved"))) as server:
        assert session(server).send("PATCH", "/old", json={"a": 1}).json() == "moved"
    assert [(one.method, one.path, one.json) for one in server.asked] == [
        ("PATCH", p, {"a": 1}) for p in ("/old", "/new")
    ]


def test_a_token_never_follows_to_another_host():
    with serving(script(says(200))) as other, serving(script(says(302, None, Location=other.url))) as server:
        with pytest.raises(NetworkError, match="refused to be redirected"):
            session(server).send("GET", "/")
        with pytest.raises(NetworkError, match="refused to be redirected"):
            session(server).send("POST", "/")
        assert other.asked == []
        assert Session(server.url, deadline=Waits().deadline()).send("GET", "/").status == 200


def test_secrets_are_not_sent_to_an_absolute_address_elsewhere():
    with serving(script(says())) as other, serving(script(says())) as server:
        session(server).send("GET", f"{other.url}/x")
    assert "authorization" not in other.asked[0].headers


def test_redirects_end():
    with (
        serving(script(says(302, None, Location="/"))) as server,
        pytest.raises(NetworkError, match="too many redirects"),
    ):
        session(server).send("GET", "/")


def test_pages_are_followed_on_the_same_host_only():
    with serving(lambda asked: pages[asked.path]) as server:
        pages = {
            "/1": says(200, [1], Link=f'<{server.url}/2>; rel="next", <{server.url}/9>; rel="last"'),
            "/2": says(200, [2], Link='</3>; rel="next"'),
            "/3": says(200, [3], Link='<https://elsewhere.example/4>; rel="next"'),
        }
        ours = session(server).pages("/1")
        assert [next(ours).json() for _ in range(3)] == [[1], [2], [3]]
        with pytest.raises(NetworkError, match="on another host"):
            next(ours)


def test_pages_that_go_round_end():
    with serving(script(says(200, [], Link='</1>; rel="next"'))) as server:
        assert len(list(session(server).pages("/1"))) == 2


@pytest.mark.parametrize("answer", [says(401, {"message": f"bad token {TOKEN}"}), Says(hang_up=True), says(200, "ok")])
def test_the_token_is_in_no_message_and_no_log(answer, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with serving(script(answer)) as server:
        try:
            session(server).send("GET", "/me?key=hidden")
            said = "answered"
        except NetworkError as error:
            said = f"{error!r} {error} {error.__context__ is None or error.__suppress_context__}"
    heard = said + "".join(record.getMessage() for record in caplog.records if record.name.startswith("guardrail"))
    assert TOKEN not in heard + caplog.text + "".join(capfd.readouterr())
    assert "hidden" not in heard
    assert "/me" in heard


def test_a_netrc_does_not_replace_the_token(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(script(says())) as server:
        session(server).send("GET", "/")
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_of_the_environment_is_used(monkeypatch):
    with serving(script(says(200, "by the proxy"))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert Session("http://api.example", deadline=Waits().deadline()).send("GET", "/x").json() == "by the proxy"
    assert proxy.asked[0].path == "http://api.example/x"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_cannot_be_read_are_named(variable, tmp_path, monkeypatch):
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "none.pem"))
    with pytest.raises(NetworkError) as caught:
        Session("https://127.0.0.1:1").send("GET", "/")
    assert str(caught.value).startswith(f"{tmp_path / 'none.pem'}: the certificates to trust cannot be read")


def test_nothing_listens():
    waits = Waits()
    with pytest.raises(UnansweredError, match=r"^http://127.0.0.1:1/: the connection failed"):
        Session("http://127.0.0.1:1", deadline=waits.deadline()).send("GET", "/")
    assert waits.slept == [1, 2]


def test_time_runs_out():
    waits = Waits()
    with serving(script(says())) as server:
        ours = session(server, waits, seconds=10)
        waits.slept.append(11)
        with pytest.raises(NetworkError, match="time for network requests is used up"):
            ours.send("GET", "/")
    assert server.asked == []


ENDLESS = {"Content-Length": "1000000"}


def trickling(waits, **more):
    """An answer that comes byte by byte, one in a second."""
    return Says(200, b"", ENDLESS, trickle=lambda: waits.slept.append(1), **more)


@pytest.mark.parametrize("headers_too", [False, True])
def test_an_answer_that_trickles_ends_at_the_deadline(headers_too):
    waits = Waits()
    with serving(script(trickling(waits, trickles_headers=headers_too))) as server:
        ours = session(server, waits, seconds=60)
        with pytest.raises(NetworkError, match="no complete response within 60 s"):
            ours.send("GET", "/")
    assert len(server.asked) == 1


def test_an_answer_that_trickles_is_given_up_without_a_deadline_too():
    waits = Waits()
    with serving(script(trickling(waits), says(200, "whole"))) as server:
        assert session(server, waits).send("GET", "/").json() == "whole"
    assert 120 <= sum(waits.slept) < 10_000


@pytest.mark.parametrize("trickles_headers", [False, True])
@pytest.mark.parametrize("pause", [0.02, 30])
def test_the_deadline_holds_in_real_time(trickles_headers, pause):
    """Of bytes that come every now and then, and of none."""
    started = time.monotonic()
    ending = Event()
    answer = Says(200, b"", ENDLESS, trickle=lambda: ending.wait(pause), trickles_headers=trickles_headers)
    with serving(script(answer)) as server:
        with pytest.raises(NetworkError, match="no complete response within 0 s"):
            Session(server.url, deadline=Deadline(0.2)).send("GET", "/")
        assert 0.15 < time.monotonic() - started < 2
        ending.set()


def test_a_resolver_that_hangs_ends_at_the_deadline(monkeypatch):
    ending = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ending.wait(30) and [])
    started = time.monotonic()
    try:
        with pytest.raises(UnansweredError, match=r"^http://api.example/x: the server's name was not resolved in time"):
            Session("http://api.example", deadline=Deadline(0.2)).send("GET", "/x")
    finally:
        ending.set()
    assert time.monotonic() - started < 5


def test_each_address_of_a_name_is_tried(monkeypatch):
    resolve = socket.getaddrinfo
    with serving(script(says(200, "there"))) as server:
        port = server.server_address[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *more: found if host == "api.example" else resolve(host, *more)
        )
        answer = Session(f"http://api.example:{port}", deadline=Deadline(10)).send("GET", "/")
    assert answer.json() == "there"
    assert server.asked[0].headers["host"] == f"api.example:{port}"


def test_writes_do_not_wait_past_the_deadline():
    with serving(script(says())) as server:
        ours = session(server, write_gap=10.0, seconds=5)
        ours.send("POST", "/")
        with pytest.raises(NetworkError, match="time for network requests is used up"):
            ours.send("POST", "/")
    assert len(server.asked) == 1


def compressed(data, **more):
    return Says(200, gzip.compress(data, mtime=0), {"Content-Encoding": "gzip", **more})


def test_a_compressed_answer_is_read():
    with serving(script(compressed(b'["plain"]'))) as server:
        assert session(server).send("GET", "/").json() == ["plain"]
    assert server.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    "answer, said",
    [
        (compressed(bytes(40_000_000)), "unpacks to over 200 times"),
        (Says(200, gzip.compress(b"[]" * 50)[:-5], {"Content-Encoding": "gzip"}), "damaged"),
        (Says(200, b"[]", {"Content-Encoding": "gzip"}), "damaged"),
        (Says(200, b"[]", {"Content-Encoding": "br"}), "compressed as 'br', which was not asked for"),
        (Says(200, bytes(50_000_001)), "too long"),
    ],
)
def test_an_answer_that_does_not_unpack_to_an_honest_one_is_refused(answer, said):
    with serving(script(answer)) as server, pytest.raises(NetworkError, match=said):
        session(server).send("GET", "/")
    assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["http://", "nonsense", "ftp://x.example/", "http://x.example:99999/", "http://[::1"])
def test_what_is_no_address_is_said_to_be_none(url):
    with pytest.raises(NetworkError):
        Session(url, deadline=Waits().deadline()).send("GET", "")


def test_what_is_no_json_is_said_to_be_none():
    with serving(script(Says(body=b"<html>"))) as server, pytest.raises(NetworkError, match="the answer is not JSON"):
        session(server).send("GET", "/").json()


@example({"retry-after": "¹"})
@example({"x-ratelimit-reset": "¹"})
@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]), st.text()))
def test_whatever_headers_say_a_wait_is_bounded(found):
    waits = Waits().deadline().clock
    response = Response(429, "http://x.example/", {"x-ratelimit-remaining": "0", **found})
    wait = Retries(waits).after(response)
    assert wait is None or 0 <= wait <= 60
    assert isinstance(again_at(response, waits), str)


@pytest.mark.parametrize("token", ["s3\ncret", "s3cret\u20ac"])
def test_a_secret_that_no_header_carries_is_said_and_not_quoted(token):
    with serving(lambda _: says(200)) as server:
        session = Session(server.url, secrets={"Authorization": f"Bearer {token}"})
        with pytest.raises(NetworkError, match="a header has a line break") as caught:
            session.send("GET", "/x")
        assert server.asked == []
    assert "s3" not in str(caught.value)
    assert caught.value.__cause__ is None
