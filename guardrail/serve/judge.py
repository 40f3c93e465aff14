"""Judges a plan by `guardrail check` in a process of its own, which a plan can neither crash nor hold up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from guardrail.errors import GuardrailError
from guardrail.model.exit_code import ExitCode
from guardrail.report.json.read import read_result
from guardrail.serve.result import Result, judged, not_judged

_GRACE = 30.0  # seconds that a check may take beyond its own limit, which it keeps by itself


@dataclass(frozen=True, slots=True)
class Judge:
    """How plans are judged. The configuration is read anew for each, so that it can be renewed while we run.

    seconds, megabytes  that one check may take
    environ             of the checks: what they may see
    """

    config: Path | None
    catalog: Path | None
    fail_on: str
    seconds: int
    megabytes: int
    environ: Mapping[str, str] = field(repr=False, default_factory=dict)

    async def judge(self, plan: Path, project: str) -> Result:
        """Judge the plan of a workspace. Its folder is used for what the check writes."""
        if not self.config:
            # One that happens to lie above the folder of the plan must not judge it.
            (plan.parent / "guardrail.yaml").write_text("version: 1\n", encoding="utf-8")
        chosen = [f"--config={self.config or 'guardrail.yaml'}"]
        chosen += [f"--catalog={self.catalog}"] if self.catalog else []
        chosen += [f"--project={project}"] if project else []
        limits = [f"--timeout={self.seconds}", f"--max-memory={self.megabytes}", f"--fail-on={self.fail_on}"]
        outputs = ["--out=json=result.json", "--out=markdown=report.md"]
        # With =, and -- before the plan, no name of a workspace can be taken for an option.
        command = [sys.executable, "-m", "guardrail", "check", *chosen, *limits, *outputs, "--", plan.name]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=plan.parent,
            env=dict(self.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await asyncio.wait_for(process.communicate(), self.seconds + _GRACE)
        except TimeoutError:
            return not_judged(f"the check took longer than {self.seconds} s")
        finally:
            with suppress(ProcessLookupError):  # it has ended, as it usually has
                process.kill()
                await process.wait()
        return _result(plan.parent, process.returncode, said.decode(errors="replace"))


def _result(folder: Path, code: int | None, said: str) -> Result:
    """Return what a check came to. Whatever is neither 0 nor 1, or left no report, was not evaluated."""
    # Errors are one line each on the standard error; the last one is why it ended.
    lines = [line.removeprefix("guardrail: ") for line in said.splitlines() if line.strip()]
    why = lines[-1] if lines else f"the check ended with {code}"
    if code not in {ExitCode.OK, ExitCode.BLOCKED, ExitCode.NOT_EVALUATED}:
        return not_judged(why)
    try:
        report = read_result(folder / "result.json")
        markdown = (folder / "report.md").read_text(encoding="utf-8")
    except (GuardrailError, OSError):
        return not_judged(why)
    return judged(report, markdown, passed=code == ExitCode.OK)
