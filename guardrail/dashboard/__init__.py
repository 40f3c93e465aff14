"""The pages that people open: a folder of HTML made from a ledger, without a script and without a request."""
