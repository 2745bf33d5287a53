"""What every page needs around its content.  A counter's context processor returns {"site": Site(...)}."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """One entry of a navigation or of the footer; `count` is shown beside the label (None: no count)."""

    label: str
    url: str
    current: bool = False
    count: int | str | None = None


@dataclass(frozen=True)
class Site:
    """Frame of a counter's pages.

    organisation   name shown in the header and in page titles
    home_url       where the name leads
    theme_url      stylesheet of the organisation's colour (text of theme.css()); empty: the default colour
    service        what this counter is, e.g. "Financial support"
    person         who is signed in, as she is called; empty: nobody
    signout_url    takes a POST
    language_url   takes Django's set_language POST (language, next); empty: no switch
    languages      (code, own name) of the languages to offer
    nav            staff navigation
    search_url     takes POST q; empty: no search field
    help_phone     shown as a tel: link, with help_hours
    footer         accessibility statement, personal data ...
    keys           single-letter shortcuts on (staff may switch them off, WCAG 2.1.4)
    leave_after    seconds without a move after which a page on a computer that others use too logs out; 0: it doesn't
    training       people practise here on invented cases: every page says so
    notice         title and paragraphs that stand above the content of a desk page; empty: nothing
    """

    organisation: str
    home_url: str = "/"
    theme_url: str = ""
    service: str = ""
    person: str = ""
    signout_url: str = ""
    language_url: str = ""
    languages: tuple[tuple[str, str], ...] = (("sv", "Svenska"), ("en", "English"))
    nav: tuple[Link, ...] = ()
    search_url: str = ""
    help_url: str = ""
    help_phone: str = ""
    help_hours: str = ""
    footer: tuple[Link, ...] = field(default=())
    keys: bool = True
    leave_after: int = 0
    notice: tuple[str, ...] = ()
    training: bool = False
