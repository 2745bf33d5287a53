"""Fixtures that all tests share; what they stand on is in tests/bed.py."""

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import bed
from tests.bed import Database, Process
from tests.requirements import named_tests

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Whole files go to one worker: in this order, so that short ones are left for the end. The first makes the database
#: that all copy; meanwhile the law's tests, which need none, keep the other workers busy.
LONG = (
    "tests/faults/test_faults",
    "tests/rules/",
    "tests/domain/test_exchange_order",
    "tests/faults/",
    "tests/journeys/",
    "tests/verifier/test_mutations",
    "tests/domain/test_register",
    "tests/domain/test_settlement",
    "tests/ops/",
    "tests/domain/test_corrections",
    "tests/domain/test_wall",
    "tests/web/",
    "tests/verifier/",
    "tests/jobs/",
    "tests/cli/",
    "tests/domain/",
    "tests/test_",
)

#: No test is timed: a machine that does something else for a second breaks none. All draw the same each time.
settings.register_profile("untimed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

#: What is imported and collected stays to the end: nothing is looked for among it, not even while it comes.
gc.disable()

_session: bed.Session | None = None

#: The Swedish norms end with 2026: later, tests play this day (the product decides only where norms are in force, and
#: some tests go on into the next month). Peers keep the product's clock: `simulators/clock.py`, `clock.cjs` of the
#: oidc-provider. What will be so later can be tried today: `HANDSLAG_CLOCK_SHIFT=-8640000 ./dev test PATH`.
LAST_DAY, PLAYED = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 11, 22, 9, tzinfo=UTC)
if datetime.now(UTC) > LAST_DAY:
    shift = int((PLAYED - datetime.now(UTC)).total_seconds())
    os.environ.setdefault("HANDSLAG_CLOCK_SHIFT", str(shift))


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once for all xdist workers; set Django up to play `web` on this worker's copy."""
    global _session
    if not hasattr(config, "workerinput"):
        _session = bed.Session()
    elif "HANDSLAG_TEST_SERVER" not in os.environ:
        raise pytest.UsageError("xdist workers expect the server of their controller")
    server = psycopg.conninfo.make_conninfo(os.environ["HANDSLAG_TEST_SERVER"], dbname=bed.worker_database())
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's synchronous interface keeps a loop running
        "HANDSLAG_DB": server,
        "HANDSLAG_ROLE": "web",
        "HANDSLAG_PORT": str(bed.free_port()),
        "HANDSLAG_EID_PORT": str(bed.free_port()),
        "HANDSLAG_FORMS": str(bed.ROOT / "tests/forms"),
        "HANDSLAG_SSBTEK_PORT": str(bed.free_port()),
    }
    bed.resolve_localhost()
    import django

    django.setup()


_passed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        _passed.add(report.nodeid)


def not_run(named: Collection[str], passed: Collection[str]) -> list[str]:
    """The tests of `named` (files, or `file::test`) of which none is among the passed."""
    ran = {part for node in passed for part in (node.split("::")[0], node.split("[")[0])}
    return sorted(set(named) - ran)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After a whole run, every test that docs/requirements.md names must have run."""
    config = session.config
    chosen = config.option.markexpr or config.option.keyword or config.args_source is not config.ArgsSource.TESTPATHS
    if chosen or hasattr(config, "workerinput") or session.exitstatus != pytest.ExitCode.OK:
        return
    if missing := not_run(named_tests(), _passed):
        print(f"\ndocs/requirements.md names tests that did not run: {', '.join(missing)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure() -> None:
    if _session is not None:
        _session.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches PostgreSQL and what needs Chromium; the long files first, so that the workers end together."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG)))
    for item in items:
        for name in {"database", "browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(name)


def pytest_collection_finish() -> None:
    """From now on there is something to look for, now and then."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


_made: list[Database] = []


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """This worker's copy; the default connection of Django in this process is role web on it."""
    copy = bed.copy_of_template(bed.worker_database())
    _made.append(copy)
    yield copy
    _made.clear()
    from django.db import connections

    from tests.office import close_other_roles

    close_other_roles()
    connections.close_all()
    bed.drop(copy)


@pytest.fixture
def connect(database: Database) -> Iterator[Callable[..., psycopg.Connection[tuple[object, ...]]]]:
    """`connect("auditor", autocommit=True)`: a psycopg connection as a role, closed after the test."""
    yield database.connect
    database.close_connections()


@pytest.fixture(scope="module", autouse=True)
def own_jobs() -> None:
    """The jobs that the tests of the files before left, nobody waits for: a test does its own. Their organisations are
    closed, so that what looks at all of them doesn't take longer and longer."""
    for database in _made:
        with psycopg.connect(database.admin, autocommit=True) as admin:
            admin.execute("UPDATE tenancy_organisation SET active = false WHERE is_tenant AND active")
            admin.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")


@pytest.fixture(autouse=True)
def own_language() -> None:
    """Each test starts in the product's language; a request that a test before it made may have left another one."""
    from django.utils import translation

    translation.deactivate()


_copies = count()


@pytest.fixture
def own_copy(database: Database) -> Iterator[Database]:
    """A database of this test's own, for tests that break walls."""
    copy = bed.copy_of_template(f"{database.name}_{next(_copies)}")
    yield copy
    bed.drop(copy)


@pytest.fixture(scope="session")
def filled(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A database with whole cases in it, which nobody alters (tests.filled.Filled)."""
    from tests.filled import copied

    with copied(f"{database.name}_filled", tmp_path_factory.mktemp("filled")) as filled:
        yield filled


@pytest.fixture(scope="session")
def eid(database: Database) -> Iterator[Process]:
    """The development e-ID, at the address that the settings of this worker name."""
    port = int(os.environ["HANDSLAG_EID_PORT"])
    provider = bed.process(database, "eid", "simulators.eid", port=port)
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture(autouse=True)
def eid_again(request: pytest.FixtureRequest) -> None:
    """One test that kills the e-ID, or a machine that does, takes none of those after it along."""
    if "eid" in request.fixturenames:
        provider: Process = request.getfixturevalue("eid")
        assert provider.child.process
        if provider.child.process.poll() is not None:
            provider.start()


@pytest.fixture(scope="session")
def server(database: Database) -> Iterator[Process]:
    """The web server on this worker's copy: `server.url("apply", "/")`."""
    web = bed.web_process(database, int(os.environ["HANDSLAG_PORT"]))
    web.start()
    yield web
    web.stop()


@pytest.fixture(scope="module")
def worker(database: Database) -> Iterator[Process]:
    """The job worker on this worker's copy; gone with the module, since others do their jobs themselves."""
    jobs = bed.process(database, "worker", "handslag.cli.main", "worker", role="worker")
    jobs.start()
    yield jobs
    jobs.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the session."""
    program = bed.chromium()
    if program is None:
        pytest.fail("No Chromium: run `apt-get install chromium`, or set CHROMIUM to one.", pytrace=False)
    try:
        if sys.platform == "linux":
            ctypes.CDLL("libatomic.so.1")
    except OSError:
        pytest.fail("The browser's driver lacks a library: run `apt-get install libatomic1`.", pytrace=False)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`new_context(width=320, java_script_enabled=False, ...)`: a person's browser with own cookies."""
    opened: list[BrowserContext] = []

    def open_context(*, width: int = 1280, height: int = 900, **options: object) -> BrowserContext:
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, **{"locale": "sv-SE", **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture(scope="module")
def ssbtek_address() -> Iterator[str]:
    """The address of a simulated SSBTEK, a process of its own."""
    from tests.connectors.eid.processes import process

    address = f"http://127.0.0.1:{bed.free_port()}"
    command = [sys.executable, "-m", "simulators.ssbtek", "--port", address.rpartition(":")[2]]
    with process(command, f"{address}/health", {}, bed.ROOT):
        yield address


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A desktop page."""
    return new_context().new_page()


@pytest.fixture
def log_in(new_context: Callable[..., BrowserContext], server: Process) -> Callable[..., Page]:
    """`log_in(office, "hanna", width=360, ...)`: a page of a member of staff, in a browser of her own with a session as
    the log-in leaves it, at her first page or the address `at`; with `by_hand=True` after typing password and one-time
    code."""
    from handslag.demo.log_ins import PASSWORD, TOTP_SECRET, address_of, one_time_code
    from tests.office import session_of

    def enter(office: Any, who: str, *, by_hand: bool = False, at: str = "", **options: Any) -> Page:
        context = new_context(**{"locale": "en-GB", **options})
        page, home = context.new_page(), server.url("desk", f"/{office.slug}/")
        if not by_hand:
            context.add_cookies([{"name": "session", "value": session_of(office, who), "url": server.url("desk")}])
            page.goto(at or home)
            return page
        page.goto(home)
        page.fill("[name=login]", address_of(who, office.slug))
        page.fill("[name=password]", PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        for later in (0, 1, -1):
            page.fill("[name=code]", one_time_code(TOTP_SECRET, later=later))
            with page.expect_navigation():
                page.keyboard.press("Enter")
            if "/log-in/" not in page.url:
                return page
        raise AssertionError(page.inner_text("main"))

    return enter


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: what axe-core finds against WCAG 2.2 A and AA and best practice, as 'rule: selector'."""
    source = bed.ROOT / "tests" / "vendor" / "axe.min.js"
    if not source.exists():
        pytest.fail("axe-core is missing: run `./dev test`, or `python build/assets.py --dev`.", pytrace=False)
    script = source.read_text()
    # Only what is wrong leaves the browser: all that is right would be most of the time of a test.
    look = """tags => axe.run({runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']}).then(found =>
        found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target}`)))"""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def check(page: Page) -> list[str]:
        page.wait_for_load_state()  # a click waits for the next page to begin, not to be there
        page.evaluate(script)
        found: list[str] = page.evaluate(look, tags)
        return found

    return check


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """`picture(page, "desk-case")`: the manuals' pictures, into docs/images where HANDSLAG_PICTURES=1, else var/; a
    whole run, whose pictures nobody looks at, takes none."""
    wanted = os.environ.get("HANDSLAG_PICTURES") == "1"
    folder = bed.ROOT / ("docs/images" if wanted else "var/pictures")
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        if wanted or "PYTEST_XDIST_WORKER" not in os.environ:
            page.screenshot(path=folder / f"{name}.png", full_page=True)

    return take
