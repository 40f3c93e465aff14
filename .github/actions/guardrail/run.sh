#!/usr/bin/env bash
# `run.sh sync` brings missing prices, `run.sh check` checks the plans, `run.sh report` reports what came of it: so that what reads what the
# author of the change wrote, runs without a token. The inputs come as variables, and go on as arguments of their own.
set -euo pipefail

cd -- "$INPUT_WORKING_DIRECTORY"
guardrail=${GUARDRAIL:-guardrail}

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

# Whether git knows of the folder that we are in, or should.
in_checkout() {
    local folder
    folder=$(pwd -P)
    while [[ ! -e $folder/.git ]]; do
        [[ $folder == */?* ]] || return 1
        folder=$(dirname "$folder")
    done
}

# What judges a pull request is what was there before it, unless the workflow says otherwise.
policy_ref=$INPUT_POLICY_REF
case ${GITHUB_EVENT_NAME:-} in
    pull_request | pull_request_target | pull_request_review | merge_group) [[ -n $policy_ref ]] || ! in_checkout || policy_ref=base ;;
esac

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

# Prices that the plan lacks, if the workflow wants them. Without them the check says what it cannot price.
sync() {
    local arguments=(pricing sync) line lines
    option --config "$INPUT_CONFIG"
    split "${INPUT_PLAN:-.}"
    for line in "${lines[@]}"; do arguments+=("--for=$line"); done
    "$guardrail" "${arguments[@]}" || echo "::warning title=guardrail::the prices that the plan lacks could not be downloaded: the lines above say why"
}

check() {
    local arguments=(check --fail-on=never --out="json=$1") lines
    option --config "$INPUT_CONFIG"
    option --project "$INPUT_PROJECT"
    option --usage-file "$INPUT_USAGE_FILE"
    option --catalog "$INPUT_CATALOG"
    option --source "$INPUT_SOURCE"
    option --base "$INPUT_BASE"
    option --policy-ref "$policy_ref"
    split "$INPUT_PLAN"
    # The report prints the table. An empty array is an error to the bash of macOS, hence the form of the last argument.
    "$guardrail" "${arguments[@]}" -- ${lines[@]+"${lines[@]}"} > /dev/null
}

report() {
    local arguments=(report --out="json=$1/report.json" --out="markdown=$1/report.md") lines
    option --config "$INPUT_CONFIG"
    option --policy-ref "$policy_ref"
    option --fail-on "$INPUT_FAIL_ON"
    option --comment "$INPUT_COMMENT"
    option --comment-mode "$INPUT_COMMENT_MODE"
    option --comment-key "$INPUT_COMMENT_KEY"
    option --pr "$INPUT_PR_NUMBER"
    option --out "${INPUT_SARIF_FILE:+sarif=$INPUT_SARIF_FILE}"
    option --out "${INPUT_JUNIT_FILE:+junit=$INPUT_JUNIT_FILE}"
    [[ $INPUT_REQUIRE_DELIVERY != true ]] || arguments+=(--require-delivery)
    [[ ${INPUT_STATUS:-false} != true ]] || arguments+=(--status)
    [[ $INPUT_SUMMARY == true ]] || arguments+=(--no-summary)
    [[ $INPUT_ANNOTATIONS == true ]] || arguments+=(--no-annotations)
    [[ $INPUT_FROM_ARTIFACT != true ]] || arguments+=(--from-artifact)
    split "${INPUT_RESULTS:-$RESULT}"
    "$guardrail" "${arguments[@]}" -- "${lines[@]}"
}

[[ ${INPUT_SYNC_PRICES:-false} != true ]] || export GUARDRAIL_CACHE_DIR=$RUNNER_TEMP/guardrail-prices
if [[ $1 == sync ]]; then
    [[ $INPUT_SYNC_PRICES != true ]] || sync
    exit 0
fi
mkdir -p "$RUNNER_TEMP/guardrail"
files=$(mktemp -d "$RUNNER_TEMP/guardrail/$1.XXXXXX")
code=0
if [[ $1 == check ]]; then
    # What is to be said of a check without a result is for the other step to say: the action's outputs are that one's.
    check "$files/result.json" || code=$?
    printf 'code=%s\nresult=%s\n' "$code" "$files/result.json" >> "$GITHUB_OUTPUT"
    exit 0
fi
# A rule that cannot be evaluated makes the code 2 as well, and leaves a result to report on.
[[ -n $INPUT_RESULTS || -f $RESULT ]] || not_evaluated "${CODE:-2}"
report "$files" || code=$?
[[ -f $files/report.md ]] || not_evaluated "$code"
written result-path "$files/report.json"
written report-path "$files/report.md"
written sarif-path "$INPUT_SARIF_FILE"
written junit-path "$INPUT_JUNIT_FILE"
exit "$code"
