"""Packs of an organization: where they come from, what pins them, who may change them and what a child may set."""

import json
import shutil
import sys

import pytest

from tests.fetch.sources import GPU, PACK, Organization, archive

CHILD = """\
version: 1
rules:
  packs: []
  sources:
    acme: {{{source}}}
{rest}"""
PLAN = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": []}


class Child:
    """A repository whose guardrail.yaml names a pack."""

    def __init__(self, top, run):
        self.top, self._run = top, run
        top.mkdir()

    def configure(self, source, rest=""):
        (self.top / "guardrail.yaml").write_text(CHILD.format(source=source, rest=rest), encoding="utf-8")
        return self

    def __call__(self, *args):
        return self._run(*args, cwd=self.top)

    @property
    def lock(self):
        return json.loads((self.top / "guardrail.lock").read_text(encoding="utf-8"))

    @property
    def pack(self):
        return self.top / ".guardrail" / "packs" / "acme"


@pytest.fixture(scope="session")
def template(tmp_path_factory, command):
    """An organization, and a child that has fetched its pack: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    organization = Organization(folder / "organization")
    child = Child(folder / "child", command).configure(organization.source())
    assert child("rules", "fetch").exit_code == 0
    return organization


@pytest.fixture
def organization(template, tmp_path):
    return template.copy(tmp_path / "organization")


@pytest.fixture
def child(run, tmp_path):
    return Child(tmp_path / "child", run)


@pytest.fixture
def fetched(child, organization, template):
    shutil.copytree(template.top.parent / "child", child.top, dirs_exist_ok=True)
    for name in ("guardrail.yaml", "guardrail.lock"):
        text = (child.top / name).read_text(encoding="utf-8")
        (child.top / name).write_text(text.replace(str(template.top), str(organization.top)), encoding="utf-8")
    return child


def ids(ran):
    return [line.split()[1] for line in ran.stdout.splitlines()]


def test_a_pack_is_fetched_once_and_read_without_its_source(fetched, organization):
    shutil.rmtree(organization.top)
    ran = fetched("rules", "list")
    assert (ran.exit_code, ids(ran)) == (0, ["no-gpu", "mis-cased-tag-key", "required-tags", "tag-value-not-allowed"])
    assert fetched.lock["packs"]["acme"]["commit"] == organization.commits[0]
    assert fetched("rules", "fetch").stdout == "acme: as guardrail.lock has it\n"
    assert fetched("rules", "fetch", "--check").exit_code == 0
    assert "no problems: 1 rule of your own" in fetched("validate").stdout
    assert "0 failed in 4 rules" in fetched("rules", "test").stdout
    assert "final:       all of it" in fetched("rules", "show", "required-tags").stdout


def test_what_moves_is_taken_by_update_alone(fetched, organization):
    before = fetched.lock
    organization.change("no-gpu.yaml", GPU.replace("severity: high", "severity: low"), tag="v1")
    assert fetched("rules", "fetch").exit_code == 0
    shutil.rmtree(fetched.pack)
    assert fetched("rules", "fetch").exit_code == 0
    assert fetched.lock == before
    said = fetched("rules", "fetch", "--update").stdout
    assert f"is {organization.commits[1][:12]}: 2 files, 1 changed" in said
    assert fetched.lock["packs"]["acme"]["commit"] == organization.commits[1]


def test_the_lock_does_not_change_where_nothing_has(fetched):
    text = (fetched.top / "guardrail.lock").read_text(encoding="utf-8").replace('"fetched": "', '"fetched": "1')
    (fetched.top / "guardrail.lock").write_text(text, encoding="utf-8")
    assert fetched("rules", "fetch", "--update").exit_code == 0
    assert (fetched.top / "guardrail.lock").read_text(encoding="utf-8") == text


def tamper(child):
    path = child.pack / "no-gpu.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("mandatory", "advisory"), encoding="utf-8")


def link(child):
    outside = child.top.parent / "elsewhere.yaml"
    (child.pack / "no-gpu.yaml").rename(outside)
    (child.pack / "no-gpu.yaml").symlink_to(outside)


def link_folder(child):
    child.pack.rename(child.top.parent / "elsewhere")
    child.pack.symlink_to(child.top.parent / "elsewhere")


def enlarge(child):
    with (child.pack / "no-gpu.yaml").open("ab") as file:
        file.truncate(3_000_000)


def lock_path_outside(child):
    lock = child.lock
    lock["packs"]["acme"]["files"]["../../../guardrail.yaml"] = "0" * 64
    (child.top / "guardrail.lock").write_text(json.dumps(lock), encoding="utf-8")


def lock_name_outside(child):
    lock = child.lock
    lock["packs"]["../../x"] = lock["packs"]["acme"]
    (child.top / "guardrail.lock").write_text(json.dumps(lock), encoding="utf-8")


def move(child):
    path = child.top / "guardrail.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("ref: v1", "ref: v2"), encoding="utf-8")


DAMAGE = {
    "no-gpu.yaml: pack acme: the file is not what was fetched (run `guardrail rules fetch acme`": tamper,
    "no-gpu.yaml: is a link, and a pack may not contain links": link,
    "acme: is a link, and links are not followed here": link_folder,
    "no-gpu.yaml: is larger than 2 MB": enlarge,
    "pack acme: the file is missing": lambda child: (child.pack / "pack.yaml").unlink(),
    "more.yaml: pack acme: the file is not in guardrail.lock": lambda child: shutil.copy(
        child.pack / "no-gpu.yaml", child.pack / "more.yaml"
    ),
    "guardrail.yaml:5: pack acme has not been fetched": lambda child: (child.top / "guardrail.lock").unlink(),
    "guardrail.yaml: pack acme: the file is missing": lock_path_outside,
    "guardrail.lock:": lock_name_outside,
    "guardrail.lock:2: not valid YAML": lambda child: (child.top / "guardrail.lock").write_text("{", encoding="utf-8"),
    "@v2 (packs/base), but guardrail.lock has it from ": move,
}


@pytest.mark.parametrize("message", DAMAGE)
def test_what_is_not_as_it_was_fetched_is_one_line_and_2(fetched, message):
    DAMAGE[message](fetched)
    for args in (("rules", "list"), ("rules", "fetch", "--check"), ("validate",)):
        ran = fetched(*args)
        assert ran.exit_code == 2
        assert message in ran.stderr + ran.stdout
        assert "Traceback" not in ran.stderr
    (fetched.top / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    ran = fetched("check", "plan.json")
    assert (ran.exit_code, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)


def test_a_fetch_mends_what_was_damaged(fetched):
    tamper(fetched)
    (fetched.pack / "more.yaml").write_text("", encoding="utf-8")
    assert fetched("rules", "fetch").exit_code == 0
    assert fetched("rules", "fetch", "--check").exit_code == 0


def test_what_is_no_longer_named_is_said_and_removed(fetched):
    (fetched.top / "guardrail.yaml").write_text("version: 1\n", encoding="utf-8")
    assert "pack acme is fetched, but guardrail.yaml does not name it" in fetched("rules", "fetch", "--check").stderr
    fetched.configure("folder: ../organization/packs").configure("folder: pack")
    (fetched.top / "pack").mkdir()
    (fetched.top / "pack" / "no-gpu.yaml").write_text(GPU, encoding="utf-8")
    assert "acme: removed, guardrail.yaml does not name it" in fetched("rules", "fetch").stdout
    assert not fetched.pack.exists()


def test_a_fetch_without_git_in_it_leaves_what_was_there(fetched):
    before = {path.name: path.read_bytes() for path in fetched.pack.iterdir()}
    fetched.configure(f"git: file://{fetched.top}/nothing, ref: v1")
    ran = fetched("rules", "fetch")
    assert ran.exit_code == 2
    assert "git cannot fetch v1: fatal:" in ran.stderr
    assert {path.name: path.read_bytes() for path in fetched.pack.iterdir()} == before


def test_a_pack_that_cannot_be_read_is_not_taken(fetched, organization):
    organization.change("no-gpu.yaml", GPU.replace("severity: high", "severity: hig"), tag="v2")
    fetched.configure(organization.source("v2"))
    ran = fetched("rules", "fetch")
    assert ran.exit_code == 2
    assert "pack acme, no-gpu.yaml:3: severity: 'hig' is not one of info, low, medium, high, critical" in ran.stderr


WRONG_SOURCES = {
    "{}": "rules.sources.acme: needs exactly one of git, url, python and folder, and has none of them",
    "git: a@b:c, folder: x": "has git and folder",
    "git: 'ext::sh -c id'": "git: expected https://, ssh://, file:// or git@host:path",
    "git: '--upload-pack=id'": "git: expected https://",
    "git: 'https://user:secret@example.com/x'": "the address contains a secret",
    "git: a@b:c, ref: --force": "ref: '--force' is no branch, tag or full commit",
    "git: a@b:c, ref: 'a:b'": "ref: 'a:b' is no branch",
    "git: a@b:c, sha256: " + "a" * 64: "sha256 can be used with url only, not with git",
    "git: a@b:c, subfolder: ../x": "subfolder: '../x' does not lie in what is fetched",
    "git: a@b:c, subfolder: /x": "subfolder: '/x' does not lie",
    "url: 'https://example.com/x.zip'": "a url needs the sha256 of its file",
    "url: 'ftp://example.com/x.zip', sha256: " + "a" * 64: "url: expected https://",
    "folder: nowhere": "nowhere does not exist (paths are relative to guardrail.yaml)",
}


@pytest.mark.parametrize("source", WRONG_SOURCES)
def test_a_source_that_does_not_fit_is_an_error_at_its_line(child, source):
    ran = child.configure(source if source != "{}" else "")("rules", "list")
    assert ran.exit_code == 2
    assert "guardrail.yaml:5: " in ran.stderr
    assert WRONG_SOURCES[source] in ran.stderr


def test_a_pack_cannot_have_the_name_of_a_shipped_one(child):
    (child.top / "guardrail.yaml").write_text(
        "version: 1\nrules: {sources: {tagging: {folder: x}}}\n", encoding="utf-8"
    )
    for command in ("list", "fetch"):
        ran = child("rules", command)
        assert (ran.exit_code, "rules.sources: tagging is a shipped pack (choose another name)" in ran.stderr) == (
            2,
            True,
        )


def test_a_pack_brings_no_pack_but_shipped_ones(child, organization):
    organization.change("pack.yaml", PACK.replace("[tagging]", "[acme]"), tag="v2")
    ran = child.configure(organization.source("v2"))("rules", "fetch")
    assert ran.exit_code == 2
    assert "pack acme, pack.yaml:2: rules.packs: no pack is called acme" in ran.stderr


LOOSER = {
    "required-tags: {enabled: false}": "the rule is switched off",
    "required-tags: {enforcement: advisory}": "enforcement: mandatory -> advisory",
    "required-tags: {severity: low}": "severity: high -> low",
    "required-tags: {on_unknown: pass}": "on_unknown: warn -> pass",
    "required-tags: {params: {required: [team]}}": 'params.required: ["team", "cost-center"] -> ["team"]',
    "no-gpu: {enabled: false}": "the rule is switched off",
    "no-gpu: {params: {limit: 9}}": "params.limit: 8 -> 9",
}
TIGHTER = (
    "required-tags: {params: {values: {team: x}}}",
    "required-tags: {enforcement: mandatory, severity: critical, on_unknown: deny}",
    "required-tags: {params: {required: [env, cost-center, team]}}",
    "no-gpu: {params: {limit: 4}}",
)


@pytest.mark.parametrize("setting", LOOSER)
def test_what_a_pack_calls_final_is_not_loosened(fetched, organization, setting):
    fetched.configure(organization.source(), f"  set:\n    {setting}\n")
    for args in (("rules", "lint"), ("validate",)):
        ran = fetched(*args)
        assert ran.exit_code == 2
        assert "guardrail.yaml:7: rules.set." in ran.stderr + ran.stdout
        assert LOOSER[setting] in ran.stderr + ran.stdout
        assert "which the pack acme calls final" in ran.stderr + ran.stdout


@pytest.mark.parametrize("setting", TIGHTER)
def test_what_a_pack_calls_final_can_be_tightened(fetched, organization, setting):
    fetched.configure(organization.source(), f"  set:\n    {setting}\n")
    assert fetched("rules", "lint").exit_code == 0


@pytest.fixture
def warnings(fetched, organization):
    def call(rest):
        fetched.configure(organization.source(), rest)
        (fetched.top / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
        ran = fetched("check", "plan.json", "--format", "json")
        return json.loads(ran.stdout)["warnings"] if ran.stdout else ran.stderr

    return call


def test_loosening_what_is_not_final_is_said_in_the_report(warnings):
    said = warnings(
        "  set:\n    no-gpu: {severity: low, params: {allowed: [t3, p4]}}\n    tag-value-not-allowed: {enabled: false}\n"
    )
    assert [line.partition("guardrail.yaml:")[2] for line in said if "looser" in line] == [
        "7: rules.set.no-gpu.severity: high -> low (looser than in the pack acme)",
        '7: rules.set.no-gpu.params.allowed: ["t3", "m5"] -> ["t3", "p4"] (looser than in the pack acme)',
        "8: rules.set.tag-value-not-allowed: the rule is switched off (looser than in the pack acme)",
    ]
    assert [line for line in warnings("") if "looser" in line] == []


def test_a_waiver_of_a_final_rule_is_an_error_where_it_stands(fetched, warnings):
    waiver = "waivers:\n- {rule: %s, address: '*', reason: because, expires: 2999-01-01}\n"
    path = fetched.top / "waivers.yaml"
    path.write_text(waiver % "required-tags", encoding="utf-8")
    message = "waivers.yaml:2: the rule required-tags is final and takes no waiver"
    assert message in warnings("waivers: waivers.yaml\n")
    assert message in fetched("validate").stdout + fetched("validate").stderr
    path.write_text(waiver % "no-gpu", encoding="utf-8")
    assert isinstance(warnings("waivers: waivers.yaml\n"), list)


def test_two_packs_cannot_have_a_rule_of_one_name(fetched, organization):
    fetched.configure(f"{organization.source()}}}\n    other: {{{organization.source('HEAD')}")
    assert fetched("rules", "fetch").exit_code == 0
    ran = fetched("rules", "list")
    assert ran.exit_code == 2
    assert "id 'no-gpu' is taken by" in ran.stderr


@pytest.mark.parametrize("kind", ["tar.gz", "tar", "zip"])
def test_an_archive_is_fetched_by_its_hash(child, kind):
    from tests.http.scripted import Says, serving  # noqa: PLC0415 - a server for these alone

    data, digest = archive(kind, {"rules-1.0/pack/no-gpu.yaml": GPU, "rules-1.0/README.md": "x"})
    with serving(lambda _: Says(200, data, {"Content-Type": "application/octet-stream"})) as server:
        child.configure(f"url: '{server.url}/pack', sha256: {digest}, subfolder: pack")
        assert child("rules", "fetch").exit_code == 0
        assert ids(child("rules", "list")) == ["no-gpu"]
        child.configure(f"url: '{server.url}/pack', sha256: {'f' * 64}, subfolder: pack")
        ran = child("rules", "fetch")
    assert ran.exit_code == 2
    assert f"its sha256 is {digest}, not the one that guardrail.yaml names" in ran.stderr


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A distribution as an installer leaves it. Importing it fails: nothing of it may run."""
    site = tmp_path / "site"
    files = {
        "acme_rules/__init__.py": "raise RuntimeError('imported')",
        "acme_rules/base/__init__.py": "raise RuntimeError('imported')",
        "acme_rules/base/no-gpu.yaml": GPU,
        "acme_rules-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.2\n",
        "acme_rules-1.2.dist-info/entry_points.txt": "[guardrail.rules]\nbase = acme_rules.base\n",
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, encoding="utf-8")
    (site / "acme_rules-1.2.dist-info" / "RECORD").write_text(
        "".join(f"{name},,\n" for name in files), encoding="utf-8"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    return site


def test_a_distribution_is_read_without_running_its_code(child, wheel):
    child.configure("python: acme-rules")
    assert "acme-rules is 1.2: 1 files, 1 new" in child("rules", "fetch").stdout
    assert ids(child("rules", "list")) == ["no-gpu"]
    assert child.lock["packs"]["acme"]["version"] == "1.2"
    (wheel / "acme_rules" / "base" / "no-gpu.yaml").write_text(GPU + "# other\n", encoding="utf-8")
    shutil.rmtree(child.pack)
    ran = child("rules", "fetch")
    assert (ran.exit_code, "the fetched files do not match guardrail.lock" in ran.stderr) == (2, True)


@pytest.mark.usefixtures("wheel")
@pytest.mark.parametrize(
    "source, message",
    [
        ("python: no-such-thing", "no-such-thing: no such distribution is installed"),
        (
            "python: acme-rules, entry: bas",
            'it has no entry point bas in guardrail.rules, but base (did you mean "base"?)',
        ),
        ("python: pytest", "it has these entry points in guardrail.rules: none"),
    ],
)
def test_a_distribution_that_is_no_pack_is_refused(child, source, message):
    ran = child.configure(source)("rules", "fetch")
    assert ran.exit_code == 2
    assert message in ran.stderr


def test_a_folder_in_the_repository_is_read_where_it_lies_and_others_are_copied(child, organization):
    (child.top / ".git").mkdir()
    shutil.copytree(organization.top / "packs", child.top / "policy")
    child.configure("folder: policy, subfolder: base")
    assert ids(child("rules", "list"))[0] == "no-gpu"
    assert not (child.top / "guardrail.lock").exists()
    child.configure("folder: ../organization/packs/base")
    assert "has not been fetched" in child("rules", "list").stderr
    assert child("rules", "fetch").exit_code == 0
    assert ids(child("rules", "list"))[0] == "no-gpu"


def test_a_link_from_a_folder_of_the_repository_is_not_followed_out_of_it(child, organization):
    (child.top / ".git").mkdir()
    (child.top / "policy").mkdir()
    (child.top / "policy" / "no-gpu.yaml").symlink_to(organization.top / "packs" / "base" / "no-gpu.yaml")
    ran = child.configure("folder: policy")("rules", "list")
    assert (ran.exit_code, "is a link that leads out of the repository" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    "said, status", [("", None), ("pricing: {on_unpriced: deny}\n", 0), ("pricing: {on_unpriced: pass}\n", 2)]
)
def test_on_unpriced_reaches_the_rule_that_a_pack_brings_and_loosens_nothing(child, organization, said, status):
    pack = "version: 1\npacks: [budget]\nset: {unpriced-resource: {enforcement: approval}}\nfinal: true\n"
    organization.change("pack.yaml", pack, tag="v2")
    child.configure(organization.source("v2"), said)
    assert child("rules", "fetch").exit_code == 0
    ran = child("rules", "list")
    assert ran.exit_code == (status or 0)
    if status == 2:
        assert (
            "pricing.on_unpriced.unpriced-resource: the rule is switched off, which the pack acme calls final"
            in ran.stderr
        )
    else:
        line = next(line for line in ran.stdout.splitlines() if "unpriced-resource" in line)
        assert ("mandatory" if said else "approval") in line
