"""Runs tfparse in a process of its own (`evaluation.py` starts it): there are configurations that it ends its process on.

Arguments: folder, workspace, file of variables (relative to the folder). Prints what tfparse found as JSON; exits with
1 and "guardrail:" before the reason where the configuration is at fault.
"""

from __future__ import annotations

import json
import sys

import tfparse


def main() -> None:
    """Evaluate one folder."""
    folder, workspace, variables = sys.argv[1:]
    try:
        found = tfparse.load_from_path(folder, stop_on_hcl_error=True, workspace_name=workspace, vars_paths=[variables])
    except tfparse.ParseError as error:
        sys.exit(f"guardrail:{error}")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
