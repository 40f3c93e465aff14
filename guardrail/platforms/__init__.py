"""Where reports are delivered: GitHub, GitLab, Azure DevOps and Bitbucket, each behind the same few calls."""
