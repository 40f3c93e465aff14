"""The cache folder may lie in a checkout, and be no part of the repository: a change would write what it is judged by."""

from __future__ import annotations

import os

from guardrail.data import CACHE_VARIABLE, cache_dir
from guardrail.errors import ConfigError
from guardrail.paths import followed


def refuse_committed() -> None:
    """Raise ConfigError where the repository has files in the cache folder."""
    folder = cache_dir().absolute()
    places = (*folder.parents, *followed(folder).parents)
    if not any(os.path.lexists(place / ".git") for place in dict.fromkeys(places)):
        return
    from guardrail import git  # hardly ever

    if git.comes_with(folder):
        what = (
            "files in guardrail's cache folder are part of the repository, so that a change could write its own verdict"
        )
        fix = f"git rm -r --cached them and have git ignore the folder, or name another one: {CACHE_VARIABLE}"
        raise ConfigError(what, where=str(folder), fix=fix)
