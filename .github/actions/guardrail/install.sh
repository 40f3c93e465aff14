#!/usr/bin/env bash
# Installs the guardrail of the action's own commit, and what it needs by hash, into a folder of the job: the actions guardrail
# and setup call it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
environment=$RUNNER_TEMP/guardrail/environment
[[ -d $environment ]] || "$PYTHON" -m venv "$environment"
programs=$environment/bin
[[ -d $programs ]] || programs=$environment/Scripts
pip=("$programs/python" -m pip --quiet --disable-pip-version-check install)
"${pip[@]}" --require-hashes --only-binary :all: --requirement "$here/requirements.txt"
if [[ ${LEDGER:-} == true ]]; then # what reading a ledger needs
    "${pip[@]}" --require-hashes --only-binary :all: --requirement "$here/ledger.txt"
fi
"${pip[@]}" --no-index --no-deps --no-build-isolation "$here/../../.."
echo "guardrail=$programs/guardrail" >> "$GITHUB_OUTPUT"
