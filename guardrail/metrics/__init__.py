"""What resources were measured to do: exports of CloudWatch, Azure Monitor and Cloud Monitoring, and CSV, as points."""
