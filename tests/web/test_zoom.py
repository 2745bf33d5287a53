"""At 400 % zoom, which leaves 320 x 256 of a window of 1280 x 1024: every page reflows, what has the focus is seen."""

from __future__ import annotations

from typing import Any

import pytest

from handslag.kernel import clock
from handslag.web.citizen.urls import urlpatterns as citizen_urls
from handslag.web.entry.sessions import SessionStore
from tests.office import open_office, run_jobs
from tests.web.caseworker.test_isolation import MAY, ONLY_POST, address, other_help, recovery, routes, world
from tests.web.citizen.test_isolation import PAGES, everything

ZOOMED: dict[str, Any] = {"width": 320, "height": 256, "device_scale_factor": 4}
#: A citizen's pages that name nothing.
CITIZENS = ("", "help/", "my/", "account/", "looked/")
#: Addresses of the desk that give a file.
FILES = ("documents/<", "/csv/", "/sie/", "norms/file/", "/households/", "/causes/", ".json", ".xml")
#: What is wrong on the page that is open: it scrolls sideways; a control reaches out of the window, or has the focus
#: and is covered at some point by what is neither part of it, nor around it, nor its label; a text is cut off.
WRONG = """() => {
  const found = [], root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways: ${root.scrollWidth}`);
  const named = (el) => `${el.tagName}.${el.className} ${(el.name || el.textContent).trim().slice(0, 30)}`;
  const inBox = (el) => {
    for (let n = el.parentElement; n && n !== document.body; n = n.parentElement)
      if (/auto|scroll/.test(getComputedStyle(n).overflowX)) return true;
    return false;
  };
  for (const el of document.querySelectorAll("body *")) {
    const style = getComputedStyle(el);
    if (/hidden|clip/.test(style.overflowX) && el.clientWidth > 2 && el.scrollWidth > el.clientWidth + 1
        && !/INPUT|SELECT|TEXTAREA/.test(el.tagName)) found.push(`cut: ${named(el)}`);
  }
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  for (const el of document.querySelectorAll(controls)) {
    if (el.disabled || el.tabIndex < 0 || !el.checkVisibility({visibilityProperty: true})) continue;
    el.focus();
    if (document.activeElement !== el) continue;
    let points = 0, box = el.getBoundingClientRect();
    const out = box.left < -1 || box.right > root.clientWidth + 1;
    if (out && !inBox(el)) found.push(`out of the window: ${named(el)}`);
    for (const one of el.getClientRects()) {
      for (const [x, y] of [[.5, .5], [.15, .25], [.85, .25], [.15, .75], [.85, .75]]) {
        const at = [one.left + x * one.width, one.top + y * one.height], top = document.elementFromPoint(...at);
        if (!top) continue;
        points += 1;
        if (el.contains(top) || top.contains(el) || top.closest("label")?.control === el) continue;
        found.push(`covered: ${named(el)} by ${named(top)}`);
      }
    }
    if (!points) found.push(`out of sight: ${named(el)}`);
  }
  return [...new Set(found)];
}"""


@pytest.fixture
def office(connect: Any) -> Any:
    """An office whose next month can be applied for today."""
    return open_office(connect, renewal_opens_days_before=31)


def test_every_page_of_the_desk(office: Any, connect: Any, log_in: Any) -> None:
    open_office(connect, "partner")
    office.admit("vilma", "Vilma Granskare", "reviewer")
    claim = recovery(office.case(("Tor", "Mycket", "19750505")))
    objects = world(office.case()) | {
        "recovery": claim,
        "help_": other_help(office.case(("Tor", "Annan", "19740505")), "Läger i juli"),
        "run": office.run().id,
    }
    wrong, seen = {}, 0
    people = {who: log_in(office, who, **ZOOMED) for who in ("rut", "hanna", "bo", "ulla", "alva", "vilma")}
    for route in routes():
        path = address(route, objects)
        allowed = [who for who in people if who in MAY[route]]
        if path is None or not allowed or route in ONLY_POST or any(one in route for one in FILES):
            continue
        page = people[allowed[0]]
        home = page.url.split(f"/{office.slug}/")[0]
        answer = page.goto(f"{home}/{office.slug}{path}")
        if answer.status != 200:
            continue
        seen += 1
        if found := page.evaluate(WRONG):
            wrong[route] = found
    assert wrong == {}
    assert seen > 50


@pytest.mark.parametrize("language", ["sv", "ar"])
def test_every_page_of_a_citizen(
    office: Any, connect: Any, database: Any, server: Any, new_context: Any, picture: Any, language: str
) -> None:
    with connect("owner", autocommit=True) as owner:
        languages = ["sv", "en", "ar"]
        owner.execute("UPDATE tenancy_organisation SET languages = %s WHERE slug = %s", [languages, office.slug])
    folder = office.case(("Petra", "Nilsson", "19900615"), children=(("Sara", "Nilsson", "20210210"),))
    keys = everything(folder)
    run_jobs(database)
    session, moment = SessionStore(), int(clock.now().timestamp())
    who = str(folder.citizens[0].id)
    session["citizen"] = {"tenant": office.slug, "person": who, "login": who, "since": moment, "seen": moment}
    session.save()
    context = new_context(**ZOOMED)
    cookies = {"session": str(session.session_key), "language": language}
    context.add_cookies([{"name": k, "value": v, "url": server.url("apply", "/")} for k, v in cookies.items()])
    page, home = context.new_page(), server.url("apply", f"/{office.slug}/")
    plain = [str(one.pattern).removeprefix("<slug:tenant>/") for one in citizen_urls]
    paths = [path for path in plain if "<" not in path and path in CITIZENS]
    paths += [path.format(**keys, month=office.month) for path in PAGES if not path.endswith((".json", ".pdf"))]
    wrong, seen = {}, 0
    for path in paths:
        answer = page.goto(home + path)
        if answer is None or answer.status != 200 or "/log-in/" in page.url or server.url("apply") not in page.url:
            continue
        assert page.evaluate("document.documentElement.lang") == language, path
        seen += 1
        if found := page.evaluate(WRONG):
            wrong[path] = found
    assert wrong == {}
    assert seen > 15
    page.goto(home + f"drafts/{keys['draft']}/check/")
    page.locator(".h-stepper a").last.focus()
    picture(page, f"zoom-steps-{language}")
