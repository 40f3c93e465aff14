"""What holds the fakes to the vendors' descriptions finds what differs from them."""

import json

import pytest

from tests.platforms.described import Described

NOTES = "/api/v4/projects/10/merge_requests/3/notes"
STATUS = "/api/v4/projects/10/statuses/abc"


@pytest.mark.parametrize(
    "method, address, sent, status, answered, problem",
    [
        ("GET", "/api/v4/projects/10/notes", None, 200, [], "is not described"),
        ("GET", f"{NOTES}?sort=up", None, 200, [], "query sort=up"),
        ("GET", f"{NOTES}?limit=5", None, 200, [], "query limit=5"),
        ("GET", NOTES, None, 200, [{"id": "1"}], "answers [].id='1', not integer"),
        ("GET", NOTES, None, 200, [{"text": "a"}], "answers [].text, which is not described"),
        ("GET", NOTES, None, 206, [], "answers 206, not one of 200"),
        ("POST", NOTES, {"text": "a"}, 201, {}, "sends text, which is not described"),
        ("POST", NOTES, {}, 201, {}, "sends no body"),
        ("POST", STATUS, {"state": "failure"}, 200, {}, "sends state='failure', not one of pending"),
        ("GET", NOTES, None, 404, {"anything": 1}, None),
    ],
)
def test_what_differs_from_the_description_is_found(method, address, sent, status, answered, problem):
    described = Described("gitlab")
    body = b"" if sent is None else json.dumps(sent).encode()
    described.hold(method, address, body, status, json.dumps(answered).encode())
    found = "\n".join(described.problems)
    assert problem in found if problem else not found
