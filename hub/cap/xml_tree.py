"""Parses XML from strangers into a plain tree, and refuses every feature of XML that an alert does not need.

The tree is built while libxml2 parses, so a DOCTYPE, an XInclude, deep nesting or too many elements stops the parser
where it stands, in whatever encoding it came: nothing is ever expanded, fetched or resolved. Knows nothing of CAP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from hub.domain import Mistake, Refused

NOT_XML = "This is not XML we can read"

DEEPEST = 64
"""A signed CAP message in EDXL in SOAP nests about 20 levels."""

MOST_ELEMENTS = 50_000
"""The largest real messages have some thousands (138 geocodes of 3 elements each, for each language)."""

_XINCLUDE = "http://www.w3.org/2001/XInclude"
_UTF8_BOM = b"\xef\xbb\xbf"
_WHITESPACE = " \t\r\n"

# libxml2's own message can quote the document, so only its kind is told; the numbers are those of its xmlerror.h.
_UNKNOWN_ENTITY = "an entity stands here that XML does not know; write the character itself"
_NOT_CLOSED = "an element is not closed, or closed by another name"
_BAD_CHARACTER = "a character stands here that XML or the declared encoding does not allow"
_KINDS = {
    4: "no XML starts here; the first character of a message is <",
    5: "something stands after the end of the message; post one message at a time",
    9: _BAD_CHARACTER,
    26: _UNKNOWN_ENTITY,
    27: _UNKNOWN_ENTITY,
    31: "the declared encoding is unknown; send UTF-8",
    32: "the declared encoding is unknown; send UTF-8",
    73: _NOT_CLOSED,
    76: _NOT_CLOSED,
    77: _NOT_CLOSED,
    81: _BAD_CHARACTER,
    114: "the document is nested too deep or too large; no alert needs that",
    201: "a prefix stands here that no xmlns declares",
}


@dataclass(slots=True)
class Node:
    """One element and what is in it: text and elements, in the order of the document."""

    namespace: str
    name: str
    content: list[Node | str] = field(default_factory=list)

    @property
    def children(self) -> list[Node]:
        return [piece for piece in self.content if isinstance(piece, Node)]

    @property
    def text(self) -> str:
        """All text, that of the elements in it too, without the white space around it."""
        return "".join(self._pieces()).strip(_WHITESPACE)

    def _pieces(self) -> Iterator[str]:
        for piece in self.content:
            if isinstance(piece, str):
                yield piece
            else:
                yield from piece._pieces()

    def everything(self) -> Iterator[Node]:
        """This element and all elements in it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.everything()


class _Builder:
    """lxml's target protocol: called for every event while the parser runs."""

    def __init__(self) -> None:
        self._open: list[Node] = []
        self._root: Node | None = None
        self._count = 0
        self._refusal: Refused | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        brace, name = tag.rpartition("}")[::2]
        node = Node(brace.removeprefix("{"), name)
        self._count += 1
        if node.namespace == _XINCLUDE:
            raise self._refuse("holds an XInclude; post the whole message instead of a reference to it")
        if len(self._open) >= DEEPEST or self._count > MOST_ELEMENTS:
            raise self._refuse(
                f"has more than {MOST_ELEMENTS:,} elements or nests deeper than {DEEPEST}; no alert needs that"
            )
        if self._open:
            self._open[-1].content.append(node)
        else:
            self._root = node
        self._open.append(node)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].content.append(text)

    def comment(self, text: str) -> None:
        """Comments say nothing to us."""

    def pi(self, target: str, text: str | None = None) -> None:
        """Stylesheets for browsers, as American authorities send: not for us, and never followed."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        # Comes before the first declaration of the DTD is read, so no entity exists yet.
        raise self._refuse("holds a DOCTYPE; take it out, CAP has none and entities are not read")

    def close(self) -> Node:
        # lxml closes the target after an error too, and lets an error of close() win.
        if self._refusal:
            raise self._refusal
        return self._root or Node("", "")

    def _refuse(self, reason: str) -> Refused:
        self._refusal = Refused(NOT_XML, [Mistake("", f"the document {reason}")])
        return self._refusal


def parse_xml(raw: bytes) -> Node:
    """The outermost element, or `Refused` with line and column.

    White space before the declaration is forgiven, and so is a declaration of an encoding the bytes cannot have: with a
    BOM of UTF-8 it is UTF-8, and what starts with the bytes `<?xml` is not UTF-16 (.NET writes that into its strings).
    """
    text = raw.removeprefix(_UTF8_BOM).lstrip(_WHITESPACE.encode()) if raw[:1] not in (b"\xfe", b"\xff") else raw
    declaration = text[:100].partition(b"?>")[0].lower()
    is_utf8 = raw.startswith(_UTF8_BOM) or (declaration.startswith(b"<?xml") and b"utf-16" in declaration)
    parser = etree.XMLParser(
        target=_Builder(),  # type: ignore[arg-type]  # lxml gives str only, its stubs say bytes too
        encoding="utf-8" if is_utf8 else None,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
    )
    try:
        root: Node = etree.fromstring(text, parser)  # type: ignore[assignment]  # with a target: what its close() gives
    except etree.XMLSyntaxError as e:
        line, column = e.position
        raise Refused(
            NOT_XML,
            [
                Mistake(
                    f"line {line}, column {column}",
                    _KINDS.get(getattr(e, "code", 0), "the XML is not well-formed here"),
                )
            ],
        ) from None
    return root
