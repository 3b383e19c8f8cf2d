"""CAP 1.2 in and out: reads an alert posted as JSON or XML, tells every mistake, fills in what was left out; writes it as XML.

posted = read_json(raw)                 # or read_xml(raw); raises hub.domain.Refused
alert = complete(posted, sender=…, now_ms=…, new_identifier=…, default_duration_s=…)
flight_of(alert)                        # how somebody got away, where it says so
objections(alert, now_ms)               # well-formed, but not to be relayed: expired, a draft …
cap_xml(alert.content)                  # strictly valid CAP 1.2; cap_element gives the tree, to be signed
"""

from hub.cap.complete import EXPIRED, NEIGHBOURS, alert_from_content, complete, objections
from hub.cap.flight import flight_of
from hub.cap.json_in import read_json
from hub.cap.posted import Posted
from hub.cap.xml_in import read_xml
from hub.cap.xml_out import cap_element, cap_xml

__all__ = [
    "EXPIRED",
    "NEIGHBOURS",
    "Posted",
    "alert_from_content",
    "cap_element",
    "cap_xml",
    "complete",
    "flight_of",
    "objections",
    "read_json",
    "read_xml",
]
