"""Places: which neighbourhoods an alert's areas touch. Reads boundaries, projects them to metres, asks an R-tree.

Knows nothing of alerts' texts, admins, databases or messengers; the relay, the web and the command line call it.
"""
