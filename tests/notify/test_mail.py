"""Alerts by mail: to a server on this machine that takes them, refuses them, hangs, or offers no TLS."""

import base64
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from guardrail.http import Deadline
from tests.notify.conftest import alert, channels
from tests.notify.smtp_server import mail_server

PASSWORD = "s3cret-word"  # noqa: S105 - nobody's
LOGIN = {"user_env": "USER_NAME", "password_env": "WORD"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the file of a certificate of "localhost", with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begun = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), begun, begun + timedelta(days=9)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    return path


def encrypted(certificate, **more):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return mail_server(context=context, **more)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_it_is_encrypted_before_the_password_is_sent(nightly, certificate, monkeypatch, tls):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    nightly.environ = {"USER_NAME": "costs", "WORD": PASSWORD}
    with encrypted(certificate, implicit=tls == "implicit") as server:
        done = nightly.run([alert()], channels(mail(server.port, host="localhost", tls=tls, **LOGIN)))
        assert (done.failed, nightly.said, len(server.mails)) == ((), [], 1)
        verbs = [one.split()[0].upper() for one in server.commands]
    assert verbs.index("AUTH") > (verbs.index("STARTTLS") if tls == "starttls" else 0)


@pytest.mark.parametrize(
    "tls, host, trusted",
    [("starttls", "localhost", False), ("implicit", "localhost", False), ("starttls", "127.0.0.1", True)],
)
def test_a_certificate_that_is_not_trusted_or_of_another_host_is_refused(
    nightly, certificate, monkeypatch, tls, host, trusted
):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    nightly.environ = {"USER_NAME": "costs", "WORD": PASSWORD}
    with encrypted(certificate, implicit=tls == "implicit") as server:
        assert nightly.run([alert()], channels(mail(server.port, host=host, tls=tls, **LOGIN))).failed == ("post",)
        assert not any("AUTH" in one for one in server.commands)
    assert "the server's certificate is not trusted" in nightly.said[0]


def mail(port, **more):
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "sender": "costs@example.com",
        "to": ["a@example.com", "b@example.com"],
    }
    return ("post", {"mail": {**settings, **more}})


def test_a_mail_has_the_title_as_its_subject_and_the_facts_as_text(nightly):
    with mail_server() as server:
        done = nightly.run(
            [alert(), alert("other", "5")], channels(mail(server.port), link="https://example.com/costs")
        )
        assert (done.sent, done.failed, nightly.said) == (2, (), [])
        (first, _) = server.mails
    assert (first["Subject"], first["From"], first["To"]) == (
        *("uploads costs more", "costs@example.com"),
        "a@example.com, b@example.com",
    )
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().splitlines() == [
        *("uploads costs more", "", "expected: $2.53", "was: $83.52", "", "https://example.com/costs"),
    ]
    assert sum(one.startswith("ehlo") for one in map(str.lower, server.commands)) == 1


def test_the_same_mail_has_the_same_id_when_it_is_sent_again(nightly):
    with mail_server() as server:
        notify = channels(mail(server.port))
        nightly.run([alert()], notify, record=False)
        nightly.run([alert()], notify)
        nightly.run([alert()], notify)
        assert len(server.mails) == 2
        assert len({one["Message-ID"] for one in server.mails}) == 1


def test_it_logs_in_with_what_the_environment_has(nightly):
    nightly.environ = {"USER_NAME": "costs", "WORD": PASSWORD}
    with mail_server() as server:
        nightly.run([alert()], channels(mail(server.port, **LOGIN)))
        (login,) = [one for one in server.commands if one.startswith("AUTH")]
    assert base64.b64decode(login.rpartition(" ")[2]) == b"\0costs\0" + PASSWORD.encode()


@pytest.mark.parametrize(
    "answers, more, says",
    [
        ({"AUTH": "535 s3cret-word is wrong"}, LOGIN, "the name or the password is refused"),
        ({"EHLO": "250 here"}, LOGIN, "offers no TLS, or no log-in"),
        ({}, {"tls": "starttls"}, "offers no TLS, or no log-in"),
        ({}, {"tls": "implicit"}, "speaks no TLS"),
        ({"RCPT": "550 nobody"}, {}, "refuses all recipients"),
        ({"DATA": "554 no"}, {}, "answered 554"),
        ({"MAIL": "452 full"}, {}, "answered 452"),
    ],
)  # fmt: skip
def test_what_fails_is_said_in_our_words_without_the_password(nightly, answers, more, says):
    nightly.environ = {"USER_NAME": "costs", "WORD": PASSWORD}
    with mail_server(answers) as server:
        assert nightly.run([alert()], channels(mail(server.port, **more))).failed == ("post",)
        assert server.mails == []
    assert says in nightly.said[0]
    assert PASSWORD not in "".join(nightly.said)


def test_a_recipient_that_the_server_refuses_is_said_and_the_others_are_not_told_again(nightly):
    with mail_server({"rcpt TO:<b@example.com>": "550 nobody"}) as server:
        first, second = (nightly.run([alert()], channels(mail(server.port))) for _ in range(2))
        assert (first.sent, first.failed, second.sent, second.failed) == (1, ("post",), 0, ())
        assert len(server.mails) == 1
    assert nightly.said == ["post: 'uploads costs more' did not reach all: the server refuses 1 of 2 recipients"]


def test_nobody_there_is_said(nightly):
    with mail_server() as server:
        port = server.port
    assert nightly.run([alert()], channels(mail(port))).failed == ("post",)
    assert f"127.0.0.1:{port}: the connection failed or was cut" in nightly.said[0]


@pytest.mark.parametrize("command", ["EHLO", "MAIL"])
def test_a_server_that_trickles_for_ever_is_left_at_the_deadline(nightly, command):
    nightly.deadline = Deadline(0.3)
    with mail_server(hangs_at=command) as server:
        assert nightly.run([alert()], channels(mail(server.port))).failed == ("post",)
    assert "no answer in time" in nightly.said[0]


def test_a_password_is_not_sent_in_the_clear(nightly):
    nightly.environ = {"USER_NAME": "costs", "WORD": PASSWORD}
    given = mail(25, host="smtp.example.com", **LOGIN)
    assert nightly.run([alert()], channels(given)).failed == ("post",)
    assert "a password is not sent in the clear" in nightly.said[0]


def test_no_text_adds_a_header_or_a_mail(nightly):
    hostile = alert(
        title="x\r\nBcc: thief@example.com\r\n\r\n.\r\nMAIL FROM:<x>",
        facts=(("a\r\n.\r\nQUIT", "\r\n.\r\nRSET \x00\x1b[2J"),),
    )
    with mail_server() as server:
        assert nightly.run([hostile], channels(mail(server.port))).sent == 1
        (got,) = server.mails
    assert got["Bcc"] is None
    assert "\\r\\nBcc: thief@example.com" in got["Subject"]
    assert not any(one.startswith(("RSET", "QUIT ")) for one in server.commands)
    assert "\x1b" not in got.get_content()
