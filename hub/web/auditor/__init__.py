"""The auditor's page: the whole audit chain, and whether it was found whole."""
