"""One person at a browser without scripts: an own cookie jar, pages, links, forms filled in by name or label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
import requests

from handslag.connectors.eid.oidc.provider import LoopbackNames

Value = str | bool | Sequence[str]
TIMEOUT = 30
MOST_REDIRECTS = 12


class Stuck(Exception):
    """It doesn't go on: `where` is the page's address, `told` what it says or lacks."""

    def __init__(self, where: str, told: str) -> None:
        super().__init__(f"{where}: {told}")
        self.where = where
        self.told = told


@dataclass(frozen=True)
class Form:
    """A form of a page, with what stands in it."""

    page: Page
    element: Any

    @property
    def names(self) -> list[str]:
        """The names of its fields."""
        return [name for name in self.element.inputs.keys() if name]  # noqa: SIM118

    def fill(self, values: Mapping[str, Value]) -> None:
        """Fill in fields by their name, or by the text of their label. Stuck when the page has no such field
        or choice."""
        for name, value in values.items():
            control = self._control(name)
            try:
                if getattr(control, "type", "") == "checkbox" and isinstance(value, bool):
                    control.checked = value
                else:
                    control.value = value if isinstance(value, str) else set(value)  # type: ignore[arg-type]
            except (ValueError, TypeError) as error:
                raise Stuck(self.page.url, f"the field {name} doesn't take {value!r} ({error})") from error

    def _control(self, name: str) -> Any:
        if name in self.element.inputs:
            return self.element.inputs[name]
        for label in self.element.iter("label"):
            if _words(label).casefold().startswith(name.casefold()) and label.get("for"):
                for control in self.element.xpath(".//*[@id=$id]", id=label.get("for")):
                    return control
        raise Stuck(self.page.url, f"there is no field {name}; there are {', '.join(self.names)}")

    def sent(self, button: str | None) -> tuple[str, list[tuple[str, str]]]:
        """The address and the fields that pressing a button sends (`name=value`; None: the first button)."""
        fields = list(self.element.form_values())
        buttons = self.element.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit']")
        pressed = None
        if button is not None:
            name, _, value = button.partition("=")
            pressed = next((b for b in buttons if b.get("name") == name and (b.get("value") or "") == value), None)
            if pressed is None:
                raise Stuck(self.page.url, f"there is no button {button}")
        elif buttons:
            pressed = buttons[0]
        if pressed is not None and pressed.get("name"):
            fields.append((pressed.get("name"), pressed.get("value") or ""))
        action = (pressed.get("formaction") if pressed is not None else None) or self.element.get("action")
        return urljoin(self.page.url, action or self.page.url), fields


@dataclass(frozen=True)
class Page:
    """An answer: `url` is the address in the browser, the names of hosts as people see them."""

    url: str
    status: int
    content_type: str
    content: bytes
    filename: str = ""

    @cached_property
    def tree(self) -> Any:
        return lxml.html.document_fromstring(self.content or b"<p></p>", parser=lxml.html.HTMLParser(encoding="utf-8"))

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        """The words of the page, blanks folded."""
        return _words(self.tree)

    @property
    def trouble(self) -> str:
        """What the page says went wrong: its list of errors, the messages at fields, danger alerts; else ""."""
        found = self.tree.xpath(
            "//*[contains(concat(' ', @class, ' '), ' h-errors ')]//li"
            " | //*[contains(@class, 'ds-validation-message')]"
            " | //*[contains(@class, 'ds-alert') and @data-color='danger']"
        )
        return "; ".join(dict.fromkeys(filter(None, map(_words, found))))

    def words(self, selector: str) -> list[str]:
        """The text of each element that an XPath finds."""
        return [_words(element) for element in self.tree.xpath(selector)]

    def links(self, pattern: str) -> list[str]:
        """The full addresses of links whose path matches a regular expression, each once."""
        found = [urljoin(self.url, href) for href in self.tree.xpath("//a/@href")]
        return list(dict.fromkeys(url for url in found if re.search(pattern, urlsplit(url).path)))

    def link(self, pattern: str) -> str:
        """The first such address; Stuck if there is none."""
        for url in self.links(pattern):
            return url
        raise Stuck(self.url, f"no link to {pattern}; the page says: {shortened(self.trouble or self.text)}")

    def forms(self, *, has: str = "", action: str = "") -> list[Form]:
        """Forms to be posted that have a field `has` and whose action matches `action`."""
        return [
            Form(self, form)
            for form in self.tree.iter("form")
            if (form.get("method") or "get").lower() == "post"
            and (not has or has in form.inputs.keys())  # noqa: SIM118
            and re.search(action, urlsplit(urljoin(self.url, form.get("action") or "")).path)
        ]

    def form(self, *, has: str = "", action: str = "") -> Form:
        """The first such form; Stuck if there is none."""
        for form in self.forms(has=has, action=action):
            return form
        wanted = " ".join(filter(None, [has and f"with {has}", action and f"to {action}"]))
        raise Stuck(self.url, f"no form {wanted}; the page says: {shortened(self.trouble or self.text)}")


class Visitor:
    """A person with a browser of their own: nobody else's cookies."""

    def __init__(self, name: str, language: str = "sv") -> None:
        self.name = name
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", LoopbackNames())
        self._session.headers["Accept-Language"] = language

    def get(self, url: str, *, allowed: Sequence[int] = (200,)) -> Page:
        """Open an address and follow where it leads."""
        return self._follow("GET", url, None, "", allowed)

    def submit(
        self,
        form: Form,
        values: Mapping[str, Value] | None = None,
        *,
        button: str | None = None,
    ) -> Page:
        """Fill in a form, press a button, follow where it leads. Stuck when the answer lists errors."""
        page = self.press(form, values, button=button)
        if page.trouble:
            raise Stuck(page.url, page.trouble)
        return page

    def press(
        self,
        form: Form,
        values: Mapping[str, Value] | None = None,
        *,
        button: str | None = None,
        allowed: Sequence[int] = (200,),
    ) -> Page:
        """The same, whatever the answer says."""
        form.fill(values or {})
        url, fields = form.sent(button)
        return self._follow("POST", url, fields, form.page.url, allowed)

    def _follow(
        self, method: str, url: str, fields: list[tuple[str, str]] | None, came_from: str, allowed: Sequence[int]
    ) -> Page:
        page = self._once(method, url, fields, came_from)
        for _ in range(MOST_REDIRECTS):
            if not isinstance(page, str):
                break
            page = self._once("GET", url := page, None, url)
        else:
            raise Stuck(url, "the page leads on and on")
        assert isinstance(page, Page)
        if page.status not in allowed:
            told = shortened(
                (page.trouble or page.text)
                if page.content_type.startswith("text/html")
                else page.content.decode("utf-8", "replace")
            )
            raise Stuck(page.url, f"status {page.status}: {told}")
        return page

    def _once(self, method: str, url: str, fields: list[tuple[str, str]] | None, came_from: str) -> Page | str:
        """The page, or the address that it leads to."""
        parts = urlsplit(url)
        headers = {}
        if method == "POST":
            headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Referer": came_from}
        try:
            answer = self._session.request(
                method, url, data=fields, headers=headers, allow_redirects=False, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise Stuck(url, f"no answer ({_root(error)})") from error
        if answer.is_redirect:
            return urljoin(url, answer.headers["Location"])
        name = re.search(r"filename\*?=(?:UTF-8'')?\"?([^\";]+)", answer.headers.get("Content-Disposition", ""))
        kind = answer.headers.get("Content-Type", "")
        return Page(url, answer.status_code, kind, answer.content, name[1] if name else "")


def shortened(text: str, most: int = 300) -> str:
    """Text for one line of a terminal."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _words(element: Any) -> str:
    unseen = element.xpath("descendant-or-self::*[self::script or self::style or self::title]//text()")
    texts = element.xpath("descendant-or-self::text()")
    return " ".join(" ".join(t for t in texts if t not in unseen).split())


def _root(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return str(error) or type(error).__name__
