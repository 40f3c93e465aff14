"""What an engine has made of expressions is kept by content: taken up by the next run, and by nothing that differs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from guardrail.cel import Environment, Schema, environment
from guardrail.cel.compiled_expressions import CompiledExpressions
from guardrail.cel.engine.engines import engine as cel_engine
from guardrail.cel.engine.forms import of_this_process, portable
from guardrail.cel.functions.values import PROCESS_TEXTS
from guardrail.costs.definitions import library
from guardrail.data import cache_dir
from guardrail.model.unknown import Unknown
from tests.policy.judging import ENGINES

NAMES: Schema = {"resource": {}}
SHOP = Path(__file__).parent.parent / "examples" / "shop"


@pytest.fixture(autouse=True)
def own_cache(request, tmp_path, monkeypatch):
    if "command" not in request.fixturenames:  # where prices are compiled already
        monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path / "cache"))


def compiled(engine, *identity):
    """What of three expressions was kept, and what they come to where `a` is known and where it is not."""
    kept = CompiledExpressions(*identity, engine=engine)
    over = Environment(NAMES, engine_name=engine, forms=kept.forms)
    over.define("variables", {"twice": "resource.a * 2.0"})
    program, template = (
        over.compile("variables.twice > 3.0 || resource.b"),
        over.template("{variables.twice} of {resource.b}"),
    )
    results = []
    for a in (2.0, Unknown("resource.a", "known after apply")):
        scope = over.bind({"resource": {"a": a, "b": False}})
        results += [program.evaluate(scope), template.evaluate(scope), program.reads, sorted(program.value_paths)]
    kept.keep()
    return kept.forms.known, results


@pytest.fixture
def no_parsing(monkeypatch):
    def refuse(text):
        raise AssertionError(text)

    return lambda: monkeypatch.setattr(environment, "parse", refuse)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_known_is_not_parsed_again_and_gives_the_same(engine, no_parsing):
    was_known, first = compiled(engine, b"rule")
    no_parsing()
    assert (was_known, compiled(engine, b"rule")) == (False, (True, first))


@pytest.mark.parametrize("engine", ENGINES)
def test_another_content_or_engine_finds_nothing(engine):
    compiled(engine, b"rule", b"1")
    other = next(one for one in ENGINES if one != engine)
    for asked, identity in ((engine, (b"rule", b"2")), (engine, (b"rule1",)), (other, (b"rule", b"1"))):
        assert not CompiledExpressions(*identity, engine=asked).forms.known


@pytest.mark.parametrize("damage", [b"", b"x", b"short", None])
def test_what_is_damaged_or_of_another_is_made_again(damage):
    _, first = compiled("cpp", b"rule")
    (file,) = (cache_dir() / "expressions").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"\x00" if damage is None else damage)
    assert compiled("cpp", b"rule") == (False, first)
    assert compiled("cpp", b"rule") == (True, first)
    CompiledExpressions(b"other")
    shutil.copy(file, file.with_name(CompiledExpressions(b"other")._key))
    assert not CompiledExpressions(b"other").forms.known


@pytest.mark.parametrize("engine", ENGINES)
def test_a_form_that_the_engine_refuses_is_made_again(engine):
    _, first = compiled(engine, b"rule")
    kept = CompiledExpressions(b"rule", engine=engine)
    for form in kept.forms.by_text.values():
        form.plain = form.careful = b"\xff\xfe"
    kept.forms.has_grown = True
    kept.keep()
    assert compiled(engine, b"rule") == (True, first)


def test_a_cache_that_cannot_be_written_is_none(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path / "file"))
    assert compiled("cpp", b"rule")[0] is compiled("cpp", b"rule")[0] is False


def test_kept_forms_hold_no_text_of_this_process():
    compiled("cpp", b"rule")
    (file,) = (cache_dir() / "expressions").iterdir()
    assert not any(text.encode() in file.read_bytes() for text in PROCESS_TEXTS)
    made = cel_engine("cpp").program(f'"{PROCESS_TEXTS[0]}"', ["a"]).kept()
    assert of_this_process(portable(made)) == made != portable(made)
    assert portable(portable(made)) == b""  # who writes a stand-in gets no form with it kept


RUN = """
from guardrail.policy import ResourceTypes
from guardrail.policy.rules.checked import compile_checked
from tests.policy.judging import judge, resource, rule
for compiled in compile_checked([rule("resource.after.size < 5.0", match={"actions": ["create", "update"]}).source], ResourceTypes()):
    print(compiled.kept.forms.known, judge(compiled, resource(unknown=["size"])))
    compiled.kept.keep()
"""


def test_another_process_takes_up_what_one_has_compiled():
    """Sets have another order in each process, and unknown values another mark."""
    said = [
        subprocess.run(
            [sys.executable, "-c", RUN],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split(" ", 1)
        for seed in ("1", "2")
    ]
    assert [known for known, _ in said] == ["False", "True"]
    assert said[0][1] == said[1][1]
    assert "known after apply" in said[0][1]


def test_a_report_of_kept_expressions_is_the_same(monkeypatch, command, no_parsing):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", "cpp")
    reports = []
    for is_kept in (False, True):
        library._shipped_tariff.cache_clear()
        if is_kept:
            no_parsing()
        reports.append(command("check", "plan.json", "--format", "json", "--now", "2026-01-01", cwd=SHOP).stdout)
    assert reports[0] == reports[1]
    assert json.loads(reports[0])["findings"]
