"""The page of a report as a parser of HTML reads it. Usage: report_page_parse_test.py PAGE"""

import html.parser
import json
import sys

VOID = {"link", "meta", "br", "input"}


class Page(html.parser.HTMLParser):
    """Elements and attributes; every element that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], {}

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag + str(dict(attributes).get("id", "")))

    def handle_endtag(self, tag):
        last = self.open.pop()
        assert last.startswith(tag), f"</{tag}> at {self.getpos()} closes <{last}>"

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
page = Page()
page.feed(text)
page.close()
assert not page.open, f"still open: {page.open}"
assert page.tags.count("script") == 3, page.tags
assert page.tags.count("main") == 1 and page.tags.count("title") == 1, page.tags
for tag, name, value in page.attributes:
    assert not name.startswith("on"), f"<{tag} {name}>"
    if name in ("src", "href", "action", "data", "srcset"):
        assert value.startswith("#") or value == "data:,", f"<{tag} {name}='{value}'>"
for begin in ("@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "innerHTML"):
    own = page.texts["style"] + text[text.rindex("<script>") :]
    assert begin not in own, f"{begin} in the page's own style or script"
policy = [value for tag, name, value in page.attributes if name == "content" and "default-src" in value]
assert policy and policy[0].startswith("default-src 'none';"), policy
model = json.loads(page.texts["scriptmodel"])
assert len(model["runs"]) == 2 and model["runs"][0]["agent"].startswith("</script>")
