"""The coordinators' pages: the directory, what to look after in it, drills, statistics, who changed what. Auditors read them."""
