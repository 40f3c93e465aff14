"""What a command loads: start-up is paid at every commit of everybody."""

import json
import subprocess
import sys

NOT_NEEDED = {"requests", "urllib3", "ssl", "duckdb", "obstore", "psycopg", "numpy", "starlette", "jinja2"}
NOT_NEEDED |= {"dask", "distributed"}


def loaded_by(*args: str, cwd) -> set[str]:
    """Return the top-level modules that a command has loaded when it is done."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr))\n"
        f"sys.argv = ['guardrail', *{args!r}]\n"
        "from guardrail.cli import main\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stderr.rpartition("LOADED ")[2].split())


def test_a_check_loads_neither_the_network_nor_an_extra(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": []}))
    assert not loaded_by("check", "plan.json", cwd=tmp_path) & NOT_NEEDED
