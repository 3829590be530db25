"""HTML of a mail to plain text that reads as it was written. Nothing active survives."""

import re
from html.parser import HTMLParser

import nh3

MAX_HTML = 1_000_000  # characters

_BLOCKS = {
    *("address", "article", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "li", "main", "nav", "ol", "p", "pre"),
    *("section", "table", "tr", "ul", "blockquote"),
}
_TAGS = _BLOCKS | {"br", "hr", "td", "th"}
_DROPPED = {"script", "style", "head", "title", "template", "noscript", "svg", "math", "object"}
_OFFICE = re.compile(r"</?[ovw]:[a-z]{1,20}[^<>]{0,500}>", re.IGNORECASE)
_RULE = "_" * 32


class _Writer(HTMLParser):
    """Collects text with line breaks at blocks; quotations get ``> `` as in plain text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.pre = 0

    def end_line(self, *, even_empty: bool = False) -> None:
        text = "".join(self.line)
        text = text.rstrip() if self.pre else " ".join(text.split())
        self.line.clear()
        if text or even_empty:
            self.lines.append("> " * min(self.quotes, 3) + text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "br":
            self.end_line(even_empty=True)
        elif tag == "hr":
            self.end_line()
            self.lines.append(_RULE)
        elif tag in {"td", "th"}:
            self.line.append(" ")
        else:
            self.end_line()
            self.gap(tag)
            self.quotes += tag == "blockquote"
            self.pre += tag == "pre"
            if tag == "li":
                self.line.append("• ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _BLOCKS:
            return
        self.end_line()
        self.quotes = max(0, self.quotes - (tag == "blockquote"))
        self.pre = max(0, self.pre - (tag == "pre"))
        self.gap(tag)

    def gap(self, tag: str) -> None:
        """A blank line around what a reader sees as a paragraph."""
        if tag in {"p", "blockquote", "table", "ul", "ol", "pre"} and self.lines and self.lines[-1]:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        first, *others = data.split("\n") if self.pre else [data]
        self.line.append(first)
        for text in others:
            self.end_line(even_empty=True)
            self.line.append(text)


def to_text(html: str) -> str:
    """Plain text of an HTML body. Cleaning first gives the small parser well-formed input only."""
    # Word's <o:p> would swallow its content as an unknown element in some parsers.
    source = _OFFICE.sub("", html[:MAX_HTML].replace("\x00", ""))
    cleaned = nh3.clean(
        source, tags=_TAGS, attributes={}, clean_content_tags=_DROPPED, strip_comments=True
    )
    writer = _Writer()
    writer.feed(cleaned)
    writer.close()
    writer.end_line()
    text = "\n".join(writer.lines).replace("\xa0", " ")
    return re.sub(r"\n{3,}", "\n\n", text).strip()
