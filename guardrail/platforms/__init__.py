"""Where reports are delivered: GitHub and GitLab, each behind the same few calls."""
