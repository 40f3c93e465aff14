#!/usr/bin/env bash
# Checks the plans, then reports what came of it. The inputs come as variables, and go on as arguments of their own.
set -euo pipefail

cd -- "$INPUT_WORKING_DIRECTORY"
guardrail=${GUARDRAIL:-guardrail}
mkdir -p "$RUNNER_TEMP/guardrail"
files=$(mktemp -d "$RUNNER_TEMP/guardrail/report.XXXXXX")
result=$files/result.json report=$files/report.md

# The lines of an input that are not empty, into the array `lines`.
split() {
    local line
    lines=()
    while IFS= read -r line || [[ -n $line ]]; do
        line=${line%$'\r'}
        [[ -z ${line//[[:space:]]/} ]] || lines+=("$line")
    done <<< "$1"
}

# An option with a value, unless the value is empty, onto the array `arguments`.
option() {
    [[ -z $2 ]] || arguments+=("$1=$2")
}

# An output of the step: the path of a file that was written, as later steps see it.
written() {
    local delimiter path=$2
    [[ -n $path && -f $path ]] || return 0
    [[ $path == /* || $path == ?:* ]] || path=$INPUT_WORKING_DIRECTORY/$path
    delimiter=ghadelimiter_$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s<<%s\n%s\n%s\n' "$1" "$delimiter" "$path" "$delimiter" >> "$GITHUB_OUTPUT"
}

# What is left to say where there is nothing to report on.
not_evaluated() {
    printf 'verdict=error\nexit-code=%s\ncomment-posted=false\n' "$1" >> "$GITHUB_OUTPUT"
    if [[ $INPUT_SUMMARY == true && -n ${GITHUB_STEP_SUMMARY:-} ]]; then
        printf '### ❌ Guardrail: not evaluated\n\nThe log of this step says why (exit code %s).\n' "$1" >> "$GITHUB_STEP_SUMMARY"
    fi
    echo "::error title=guardrail::not evaluated, exit code $1: the lines above say why" >&2
    exit "$1"
}

check() {
    local arguments=(check --fail-on=never --out="json=$result") lines
    option --config "$INPUT_CONFIG"
    option --project "$INPUT_PROJECT"
    option --usage-file "$INPUT_USAGE_FILE"
    option --catalog "$INPUT_CATALOG"
    option --source "$INPUT_SOURCE"
    option --base "$INPUT_BASE"
    option --policy-ref "$INPUT_POLICY_REF"
    split "$INPUT_PLAN"
    # The report prints the table. An empty array is an error to the bash of macOS, hence the form of the last argument.
    "$guardrail" "${arguments[@]}" -- ${lines[@]+"${lines[@]}"} > /dev/null
}

report() {
    local arguments=(report --out="json=$files/report.json" --out="markdown=$report") lines
    option --config "$INPUT_CONFIG"
    option --policy-ref "$INPUT_POLICY_REF"
    option --fail-on "$INPUT_FAIL_ON"
    option --comment "$INPUT_COMMENT"
    option --comment-mode "$INPUT_COMMENT_MODE"
    option --comment-key "$INPUT_COMMENT_KEY"
    option --pr "$INPUT_PR_NUMBER"
    option --out "${INPUT_SARIF_FILE:+sarif=$INPUT_SARIF_FILE}"
    option --out "${INPUT_JUNIT_FILE:+junit=$INPUT_JUNIT_FILE}"
    [[ $INPUT_REQUIRE_DELIVERY != true ]] || arguments+=(--require-delivery)
    [[ $INPUT_SUMMARY == true ]] || arguments+=(--no-summary)
    [[ $INPUT_ANNOTATIONS == true ]] || arguments+=(--no-annotations)
    [[ $INPUT_FROM_ARTIFACT != true ]] || arguments+=(--from-artifact)
    split "${INPUT_RESULTS:-$result}"
    "$guardrail" "${arguments[@]}" -- "${lines[@]}"
}

code=0
if [[ -z $INPUT_RESULTS ]]; then
    check || code=$?
    # A rule that cannot be evaluated makes the code 2 as well, and leaves a result to report on.
    [[ -f $result ]] || not_evaluated "$code"
    code=0
fi
report || code=$?
[[ -f $report ]] || not_evaluated "$code"
written result-path "$files/report.json"
written report-path "$report"
written sarif-path "$INPUT_SARIF_FILE"
written junit-path "$INPUT_JUNIT_FILE"
exit "$code"
