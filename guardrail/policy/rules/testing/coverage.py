"""Which ways through a rule its tests go: each condition both ways, and each verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct, field

from guardrail.cel import Environment, EvaluationError, Path, Program, Scope
from guardrail.model.unknown import Unknown
from guardrail.policy.rules.compiled import CompiledRule, environment_of
from guardrail.policy.rules.rule import Rule, RuleFile
from guardrail.policy.rules.testing.fixture import Expected
from guardrail.policy.variables.context import needed

_SHOWN = 100  # characters of a condition

_OPEN_OF_RESOURCE = frozenset({"after", "before", "tags", "region", "cost", "instance"})
_ALWAYS_KNOWN = frozenset(("resource", "cost", name) for name in ("known", "priced", "status"))
_OPEN_ELSEWHERE = (
    ("plan", "monthly"),
    ("plan", "delta"),
    ("plan", "known_delta"),
    ("plan", "before"),
    ("budget", "cost"),
    ("budget", "spent"),
    ("budget", "projected"),
    ("budget", "forecast"),
    ("budget", "open"),
)


class RuleCoverage(Struct, frozen=True):
    """How much of a rule its tests reach: of `total` ways, all but those that are `missed`, each in words."""

    rule: str
    where: str
    total: int
    missed: tuple[str, ...]

    @property
    def reached(self) -> int:
        """How many ways the tests go."""
        return self.total - len(self.missed)


class Coverage(Struct):
    """Collects what the tests of rules reach."""

    _ways: dict[str, dict[tuple[str, int, str], set[bool]]] = field(default_factory=dict)
    _verdicts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, rule: CompiledRule, verdict: str, bind: Callable[[Iterable[Path]], Scope]) -> None:
        """Note what one test reaches. `bind` gives the values at paths, as the rule was given them."""
        ways = self._ways.setdefault(rule.rule.id, {})
        self._verdicts[rule.rule.id].add(verdict)
        environment = environment_of(rule.source, rule.engine)
        programs = list(_conditions(rule.rule, environment))
        scope = bind(needed(path for _, asked in programs for program in asked for path in program.reads))
        applies = verdict != Expected.SKIP
        for number, (place, asked) in enumerate(programs):
            seen = ways.setdefault((place, number, asked[0].text), set())
            if applies or not place.startswith("validation"):
                seen |= set(_bools(_value(asked, scope)))

    def of(self, source: RuleFile) -> RuleCoverage:
        """Return what the tests reach of a rule, of one without tests nothing."""
        rule, environment = source.rule, environment_of(source)
        conditions = [(place, n, one[0].text) for n, (place, one) in enumerate(_conditions(rule, environment))]
        ways = self._ways.get(rule.id, {})
        missed = [f"verdict {one}" for one in _verdicts(source) if one not in self._verdicts[rule.id]]
        for key in conditions:
            place, _, text = key
            excerpt = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            never = (outcome for outcome in (True, False) if outcome not in ways.get(key, ()))
            missed += [f"{place} is never {str(outcome).lower()}: {excerpt}" for outcome in never]
        return RuleCoverage(rule.id, source.file.where(), len(_verdicts(source)) + 2 * len(conditions), tuple(missed))


def _conditions(rule: Rule, environment: Environment) -> Iterator[tuple[str, tuple[Program, ...]]]:
    """Yield every condition and where it stands: what decides by itself, and the branches inside."""
    for name, text in rule.variables.items():
        for asked in environment.branches(text):
            yield f"variables.{name}", asked
    deciding = [("when", rule.applies_when)] if rule.applies_when else []
    for place, text in [*deciding, *((f"validation {n}", v.expression) for n, v in enumerate(rule.validations, 1))]:
        yield place, (environment.compile(text),)
        for asked in environment.branches(text):
            yield place, asked


def _verdicts(source: RuleFile) -> tuple[str, ...]:
    """Return the verdicts that a rule may come to on sound input; what is pre-existing fails as well."""
    environment = environment_of(source)
    reads = {path for _, (program, *_) in _conditions(source.rule, environment) for path in program.reads}
    open_ = any(
        (path[0] == "resource" and path[1:2] and path[1] in _OPEN_OF_RESOURCE and path not in _ALWAYS_KNOWN)
        or path[:2] in _OPEN_ELSEWHERE
        for path in reads
    )
    skip = [Expected.SKIP] if source.rule.applies_when else []
    return (Expected.PASS, Expected.FAIL, *skip, *([Expected.UNKNOWN] if open_ else []))


def _value(asked: tuple[Program, ...], scope: Scope) -> Any:
    """Return the value of the first program that has one."""
    value: Any = None
    for program in asked:
        try:
            value = program.evaluate(scope)
        except EvaluationError:  # it is not come to
            return None
        if not isinstance(value, Unknown):
            break
    return value


def _bools(value: Any) -> Iterator[bool]:
    if isinstance(value, bool):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _bools(part)
