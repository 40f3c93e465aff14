"""Where reports are delivered: GitHub, GitLab and Azure DevOps, each behind the same few calls."""
