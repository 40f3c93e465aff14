"""`guardrail anomalies`: the bill of which every total is known, and what it says where it lacks something."""

import json
import shutil

import pytest

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from tests.http.scripted import Says, serving
from tests.ledger.bills import FOCUS, table

CHANNEL = "version: 1\nnotify: {channels: [{name: ops, webhook: {url_env: OPS_URL}}]}\n"
NOW = ("--now", "2026-11-20")


@pytest.fixture
def anomalies(command, shop, tmp_path):
    """Run the command over the shop's ledger, in a folder with its guardrail.yaml and allocation.yaml."""

    def call(*args, config=""):
        (tmp_path / "guardrail.yaml").write_text(config or "version: 1\n", encoding="utf-8")
        (tmp_path / "allocation.yaml").write_text((shop / "allocation.yaml").read_text("utf-8"), encoding="utf-8")
        return command("anomalies", "--ledger", str(shop / "ledger"), *NOW, *args, cwd=tmp_path)

    return call


def test_shop_2_events_1_explained_4_608_a_day_and_1_alarm_2_53_was_83_52_80_99_more(anomalies):
    ran = anomalies("--format", "json")
    assert (ran.exit_code, ran.stderr) == (0, "")
    document = json.loads(ran.stdout)
    alarm, explained = document["events"]
    assert (alarm["state"], alarm["address"], alarm["owner"]) == ("unexplained", "aws_s3_bucket.uploads", "shop")
    assert (alarm["first"], alarm["last"]) == ("2026-10-22", "2026-10-22")
    assert [round(float(alarm[name]), 2) for name in ("expected", "was", "difference")] == [2.53, 83.52, 80.99]
    assert (explained["state"], explained["address"], explained["owner"]) == (
        *("explained", "aws_instance.search[0]", "search"),
    )
    assert (explained["first"], explained["rest"]) == ("2026-10-11", "0")
    assert explained["causes"] == [
        {
            "what": "change",
            "name": None,
            "pull_request": 12,
            "since": "2026-10-11",
            "until": None,
            "daily": "4.608",
            "at_least": False,
        }
    ]


def test_people_read_what_it_is_of_and_how_that_is_known(anomalies):
    text = anomalies().stdout
    assert "Anomalies from 2026-10-02 to 2026-10-31 (effective cost): 1 to look into, 1 explained" in text
    assert "  +$80.99 aws_s3_bucket.uploads, 2026-10-22\n" in text
    assert "was           $83.52, expected $2.53\n" in text
    assert "evidence      6 Thursdays, median $2.53\n" in text
    assert "explained     by #12, merged by 2026-10-11, +$4.61 a day\n" in text
    assert "judged: 8 series (owner, service, address), 240 days of them\n" in text
    assert "not judged: $29.00 charged for more than a day at once: AWS Support (Developer)\n" in text
    assert "not judged: -$10.00 of taxes, credits and adjustments: Credits, Tax\n" in text


def test_markdown_says_the_same(anomalies):
    text = anomalies("--format", "markdown").stdout
    assert "- **+&#36;80.99** <code>aws_s3_bucket.uploads</code>, 2026-10-22\n" in text


def test_a_later_day_or_a_project_narrows_it(anomalies):
    assert len(json.loads(anomalies("--format", "json", "--since", "2026-10-30").stdout)["events"]) == 1
    assert len(json.loads(anomalies("--format", "json", "--project", "shop").stdout)["events"]) == 2
    assert json.loads(anomalies("--format", "json", "--since", "0001-01-01").stdout)["since"] == "2026-08-01"


def test_a_day_that_no_calendar_has_is_no_day(anomalies):
    ran = anomalies("--since", "2026-02-30")
    assert (ran.exit_code, "'2026-02-30' is not a day like 2026-01-31" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    "args, says",
    [
        (["--project", "shp"], "no charge is of a project 'shp' (did you mean \"shop\"?)"),
        (["--since", "2026-11-01"], "--since 2026-11-01 is after 2026-10-31, the newest day that bills tell"),
        (["--dry-run"], "--dry-run is for --notify (give both: --notify --dry-run)"),
        (["--notify"], "--notify: guardrail.yaml has no channel"),
        (["--now", "2026-07-01"], "this ledger has no bill that tells single days"),
    ],
)
def test_what_is_wrong_is_one_line_and_2(anomalies, args, says):
    ran = anomalies(*args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_an_empty_ledger_is_one_line(run):
    ran = run("anomalies")
    assert ran.exit_code == 2
    assert "ledger: this ledger has no bill that tells single days (`guardrail ledger import` adds one" in ran.stderr


def test_a_new_ledger_judges_nothing_and_says_so(run, tmp_path):
    (tmp_path / "bill.csv").write_text(table(FOCUS), encoding="utf-8")
    assert run("ledger", "import", "bill.csv").exit_code == 0
    ran = run("anomalies", "--now", "2026-10-20")
    assert ran.exit_code == 0
    assert "none, as nothing could be judged" in ran.stdout
    assert "not judged: 1 series, $1.25, of too short a history" in ran.stdout


class TestNotify:
    """Alerts, and what a ledger remembers of them."""

    @pytest.fixture
    def night(self, command, shop, tmp_path, monkeypatch):
        """Run the command with --notify over a ledger that may be written to."""
        shutil.copytree(shop / "ledger", tmp_path / "ledger")
        (tmp_path / "guardrail.yaml").write_text(CHANNEL, encoding="utf-8")

        def call(url, *args):
            monkeypatch.setenv("OPS_URL", url)
            return command("anomalies", "--notify", *NOW, *args, cwd=tmp_path)

        return call

    def test_one_message_an_event_however_often_it_is_asked_for(self, night, tmp_path):
        with serving(lambda _: Says()) as server:
            first, second = night(server.url), night(server.url)
            (asked,) = server.asked
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert first.stderr == "guardrail: 1 of 1 message sent\n"
        assert second.stderr == "guardrail: 0 of 0 messages sent; 1 alert told before\n"
        (alert,) = asked.json["alerts"]
        assert alert["title"] == "Cost anomaly: +$80.99 aws_s3_bucket.uploads, 2026-10-22"
        assert alert["facts"][0] == {"name": "was", "value": "$83.52, expected $2.53"}
        rows = open_ledger(Folder(tmp_path / "ledger")).rows('select kind, "by", project, address from decisions')
        assert rows == [("notified", "ops", "shop", "aws_s3_bucket.uploads")]

    def test_a_channel_that_fails_is_4_and_the_next_night_tells_it(self, night):
        with serving(lambda asked: Says(404) if asked.path == "/gone" else Says()) as server:
            failed = night(f"{server.url}/gone")
            assert failed.exit_code == 4
            assert "1 to look into" in failed.stdout
            assert "not every alert was delivered: ops" in failed.stderr
            assert night(server.url).exit_code == 0
            assert len(server.asked) == 2

    def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(self, night, tmp_path):
        with serving(lambda _: Says()) as server:
            ran = night(server.url, "--dry-run", "--format", "json")
            assert server.asked == []
        assert json.loads(ran.stdout)["schema"] == "guardrail.anomalies/v1"
        assert (
            ran.stderr.splitlines()[0] == "would send to ops: Cost anomaly: +$80.99 aws_s3_bucket.uploads, 2026-10-22"
        )
        assert ran.stderr.splitlines()[-1] == "guardrail: 1 message would be sent, nothing was"
        assert not (tmp_path / "ledger" / "v1" / "decisions").exists()
