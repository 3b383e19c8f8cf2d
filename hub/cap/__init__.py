"""CAP 1.2 in: reads an alert posted as JSON or XML, tells every mistake in it, and fills in what was left out.

posted = read_json(raw)                 # or read_xml(raw); raises hub.domain.Refused
alert = complete(posted, sender=…, now_ms=…, new_identifier=…, default_duration_s=…)
flight_of(alert)                        # how somebody got away, where it says so
objections(alert, now_ms)               # well-formed, but not to be relayed: expired, a draft …
"""

from hub.cap.complete import EXPIRED, alert_from_content, complete, objections
from hub.cap.flight import flight_of
from hub.cap.json_in import read_json
from hub.cap.posted import Posted
from hub.cap.xml_in import read_xml

__all__ = ["EXPIRED", "Posted", "alert_from_content", "complete", "flight_of", "objections", "read_json", "read_xml"]
