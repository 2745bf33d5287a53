"""`handslag exchange`: partners in other installations."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from handslag.cli.errors import told_plainly
from handslag.cli.status import LONGEST_AWAY, LONGEST_WAIT
from handslag.ops.installation import acting_as

if TYPE_CHECKING:
    from handslag.domain.exchange.models import SedexClient
    from handslag.domain.exchange.queries import Figures

app = typer.Typer(add_completion=False, no_args_is_help=True)
Slug = Annotated[str, typer.Argument(help="Short name of the organisation here.")]


@contextmanager
def _playing(role: str) -> Iterator[None]:
    with told_plainly(), acting_as(role):
        from handslag.domain.exchange.frame import Unreadable
        from handslag.domain.tenancy.door import UnknownTenant
        from handslag.domain.tenancy.policies import NotPossible

        try:
            yield
        except UnknownTenant as error:
            sys.exit(f"There is no organisation {error}.")
        except Unreadable as error:
            sys.exit(f"The file can't be believed: {error.reason}.")
        except NotPossible as error:
            sys.exit({
                "ourselves": "That is our own key file.",
                "not vouched for": "The file is signed by no key that we know of this partner.",
                "no such key": "There is no such key, or it has ended already.",
                "participant": "That is no id of a participant of sedex, such as 1-9901-1.",
                "participant taken": "Another partner has this id at sedex.",
                "message type": "A type of message is a number up to 2699999.",
            }.get(error.code, error.code))  # fmt: skip


@app.command()
def keys(
    slug: Slug,
    renew: Annotated[
        bool, typer.Option(help="Sign with a fresh key from now on, and be encrypted to a fresh one.")
    ] = False,
    end: Annotated[str, typer.Option(help="The id of a key of our own that fell into wrong hands: it ends now.")] = "",
) -> None:
    """Print the key file that a partner registers; on the error output the fingerprint that you tell it by telephone.
    The first call makes the key that partners encrypt to. After `--renew` partners learn the new keys by themselves;
    after `--end` that the key has ended, and the fresh one where it was in use."""
    with _playing("web"):
        from handslag.connectors.exchange.gate import BY, own_file
        from handslag.domain.exchange.operations.partners import end_exchange_key, make_exchange_keys
        from handslag.domain.exchange.queries import own_keys
        from handslag.domain.exchange.wrap import key_file
        from handslag.domain.tenancy.door import acting
        from handslag.kernel import clock

        with acting(slug, BY, "keys"):
            missing = not any(key["use"] == "enc" for key in own_keys())
        if renew or missing:
            make_exchange_keys(tenant=slug, by=BY, now=clock.now(), signing=renew)
        if end:
            end_exchange_key(tenant=slug, by=BY, now=clock.now(), key_id=end)
        with acting(slug, BY, "keys"):
            text = own_file(clock.now())
        print(text)
        print(f"Fingerprint: {key_file(text)[1]}", file=sys.stderr)


@app.command()
def partner(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="The partner's key file.")],
    fingerprint: Annotated[
        str, typer.Option(help="As the partner tells it by telephone; not needed for a newer file.")
    ] = "",
    calls_us: Annotated[
        bool, typer.Option("--calls-us", help="It gives and collects itself; we never call it.")
    ] = False,
    sedex: Annotated[str, typer.Option(help="Its id at sedex: messages go by the sedex client.")] = "",
    sedex_type: Annotated[int, typer.Option(help="The type of message that was agreed for sedex.")] = -1,
) -> None:
    """Register an organisation of another installation by its signed key file, or take a newer file of one."""
    with _playing("web"):
        from handslag.connectors.exchange.gate import BY
        from handslag.connectors.exchange.https import HttpsConfig
        from handslag.domain.exchange.operations.courier import directory
        from handslag.domain.exchange.operations.partners import register_partner
        from handslag.domain.exchange.operations.sedex import reach_by_sedex
        from handslag.domain.exchange.queries import vouching
        from handslag.domain.exchange.wrap import key_file
        from handslag.domain.tenancy.door import acting
        from handslag.kernel import clock

        text = file.read_text(encoding="utf-8", errors="replace")
        told, vouched_by = key_file(text)
        if told.organisation in directory():
            sys.exit(f"{told.name} ({told.organisation}) works in this installation: messages reach it as it is.")
        with acting(slug, BY, "partner"):
            known = vouching(told.organisation, clock.now())
        if known:
            told, vouched_by = key_file(text, known)
        elif vouched_by != fingerprint:
            sys.exit(
                f"{told.name} ({told.organisation}), at {told.url or 'no address'}\nFingerprint: {vouched_by}\n"
                "Call them. If they say the same, give the command again with --fingerprint."
            )
        url = "" if calls_us or sedex else told.url
        if url:
            try:
                HttpsConfig(url=url)
            except ValueError as error:
                sys.exit(str(error))
        now = clock.now()
        with acting(slug, BY, "partner"):  # both or none
            made = register_partner(tenant=slug, by=BY, now=now, file=told, vouched_by=vouched_by, url=url)
            if sedex:
                reach_by_sedex(tenant=slug, by=BY, now=now, partner=made.id, participant=sedex, message_type=sedex_type)
    way = f", reached by sedex as {sedex}" if sedex else f", called at {url}" if url else "; it calls us"
    print(f"{told.name} is a partner of {slug}{way}")


@app.command()
def sedex(
    slug: Slug,
    participant: Annotated[str, typer.Option(help="The organisation's own id at sedex, such as 1-9901-1.")],
    folder: Annotated[Path, typer.Option(help="Where its client has outbox, inbox and receipts.")],
) -> None:
    """Connect an organisation's sedex client: from then on the worker looks into its folders every minute."""
    with _playing("web"):
        from handslag.connectors.exchange.gate import BY
        from handslag.connectors.exchange.sedex.folders import in_order
        from handslag.domain.exchange.operations.sedex import connect_sedex
        from handslag.kernel import clock

        place = folder.absolute()
        if trouble := in_order(place):
            sys.exit(f"{place}: {trouble}")
        connect_sedex(tenant=slug, by=BY, now=clock.now(), participant=participant, folder=str(place))
    print(f"{slug} takes part in sedex as {participant}, by {place}")


@app.command(name="end-key", context_settings={"ignore_unknown_options": True})  # one id in 64 begins with "-"
def end_key(
    slug: Slug,
    address: Annotated[str, typer.Argument(help="The partner: kind:type:code.")],
    key: Annotated[str, typer.Argument(help="The id of its key; without, its noted keys are printed.")] = "",
) -> None:
    """Believe nothing any more that this key of a partner signs from now on."""
    with _playing("web"):
        from handslag.connectors.exchange.gate import BY
        from handslag.domain.exchange.models import PartnerKey
        from handslag.domain.exchange.operations.partners import end_partner_key
        from handslag.domain.tenancy.door import acting
        from handslag.kernel import clock

        if not key:
            with acting(slug, BY, "partner"):
                for row in PartnerKey.objects.filter(partner=address).order_by("noted_at", "id"):
                    ended = f", ended {row.until:%Y-%m-%d %H:%M}" if row.until else ""
                    print(f"{row.key_id}  {row.jwk.get('use', 'sig')}, noted {row.noted_at:%Y-%m-%d %H:%M}{ended}")
            return
        end_partner_key(tenant=slug, by=BY, now=clock.now(), partner=address, key_id=key)
    print(f"{address}: key {key} has ended")


@app.command()
def meet(slug: Slug) -> None:
    """Call the partners of an organisation now, and look into the folders of its sedex client: keys, what waits for
    them, what waits for us."""
    with _playing("worker"):
        from handslag.domain.exchange.models import Partner
        from handslag.domain.tenancy.door import acting, system
        from handslag.jobs.partners import meet as call
        from handslag.jobs.sedex import meet_client

        by = system("exchange")
        with acting(slug, by, "partners") as door:
            here, rows = door.the_tenant.id, list(Partner.objects.exclude(url="").order_by("id"))
        for row in rows:
            call(here, row)
        meet_client(here)
        with acting(slug, by, "partners"):
            rows = list(Partner.objects.order_by("name", "id"))
        for row in rows:
            print(f"{row.address}  {row.trouble or 'in order'}  {row.name}")
    sys.exit(1 if any(row.trouble for row in rows) else 0)


@app.command()
def check(
    slug: Slug,
    address: Annotated[str, typer.Argument(help="The partner: kind:type:code.")],
    wait: Annotated[int, typer.Option(help="Seconds to wait for receipts and an answer.")] = 180,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a point, a line each.")] = False,
) -> None:
    """Ask a registered partner as it will be asked, and as it mustn't be: says of each point whether it holds, and why
    not. Everything sent is a test about somebody invented. Exit code 1 when a point doesn't hold."""
    with _playing("web"):
        from handslag.connectors.exchange.conformance import BY_SEDEX, POINTS, amiss, check_by_sedex
        from handslag.connectors.exchange.conformance import check as run
        from handslag.connectors.exchange.gate import BY
        from handslag.domain.exchange.models import Partner
        from handslag.domain.exchange.queries import sedex_client
        from handslag.domain.tenancy.door import acting
        from handslag.jobs.sedex import meet_client
        from handslag.kernel import clock

        with acting(slug, BY, "conformance") as door:
            here, client = door.the_tenant.id, sedex_client()
            partner = Partner.objects.filter(address=address).first()
        if partner is None:
            sys.exit(f"{address} is no partner of {slug}: register its key file first.")
        if partner.sedex and client is None:
            sys.exit(f"{slug} has no sedex client: handslag exchange sedex.")
        if not partner.url and not partner.sedex:
            sys.exit(f"{partner.name} calls us and can't be called: let it run its own check.")
        ends = time.monotonic() + wait

        def pause() -> bool:
            if partner.sedex:
                meet_client(here)
            left = ends - time.monotonic()
            time.sleep(max(min(left, 2), 0))
            return left > 0

        if partner.sedex and client is not None:
            points, findings = BY_SEDEX, check_by_sedex(slug, partner, client, now=clock.now, pause=pause)
        else:
            points, findings = POINTS, run(slug, partner, now=clock.now, pause=pause)
        failed = amiss(findings)
    for one in findings:
        if as_json:
            print(msgspec.json.encode({"asks": points[one.point], **asdict(one)}).decode())
        else:
            word = {True: "ok      ", False: "FAILED  ", None: "not seen"}[one.ok]
            print(f"{word} {one.point}: {points[one.point]}" + (f"\n         {one.why}" if one.why else ""))
    if not as_json:
        print(f"{partner.name}: " + (f"{len(failed)} of {len(findings)} points don't hold" if failed else "conformant"))
    sys.exit(1 if failed else 0)


@app.command()
def status(
    slug: Annotated[str, typer.Argument(help="Short name of one organisation here; all without it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a partner, a line each.")] = False,
) -> None:
    """How it goes with each partner: whether it answers, what waits for it and since when, what didn't arrive, how much
    was sent and received in 24 hours. Exit code 1 when something needs attention."""
    with _playing("worker"):
        from handslag.domain.exchange.queries import figures, sedex_client
        from handslag.domain.tenancy.door import acting, system
        from handslag.jobs.acts import tenants
        from handslag.kernel import clock

        now, found = clock.now(), []
        for tenant in [slug] if slug else tenants():
            with acting(tenant, system("status"), "status") as door:
                client = sedex_client()
                found += [(door.the_tenant.slug, one, _amiss(one, now, client)) for one in figures(now)]
    if as_json:
        for name, one, amiss in found:
            print(msgspec.json.encode({"organisation": name, **asdict(one), "amiss": amiss}).decode())
    else:
        for name, one, amiss in found:
            oldest = f", the oldest since {one.oldest:%Y-%m-%d %H:%M} UTC" if one.oldest else ""
            print(f"{name}: {one.name} ({one.partner}, {one.way})")
            print(f"  waiting {one.waiting}{oldest}; unanswered {one.unanswered}; lost {one.lost}")
            print(f"  in 24 hours: sent {one.sent}, delivered {one.delivered}, received {one.received}")
            for point in amiss:
                print(f"  ! {point}")
        if not found:
            print("no messages and no partners")
    sys.exit(1 if any(amiss for _name, _one, amiss in found) else 0)


def _amiss(one: Figures, now: datetime, client: SedexClient | None) -> list[str]:
    """What needs attention with a partner."""
    points = []
    if one.way == "sedex" and client is None:
        points.append("is reached by sedex, and there is no sedex client: handslag exchange sedex")
    if one.way == "sedex" and client and client.failing_since and now - client.failing_since > LONGEST_AWAY:
        points.append(f"the sedex client since {client.failing_since:%Y-%m-%d %H:%M} UTC: {client.trouble}")
    if one.failing_since and now - one.failing_since > LONGEST_AWAY:
        points.append(f"doesn't answer since {one.failing_since:%Y-%m-%d %H:%M} UTC ({one.trouble})")
    if one.oldest and now - one.oldest > LONGEST_WAIT:
        points.append("a message has waited for a receipt for more than a day")
    if one.held:
        points.append(f"{one.held} of ours couldn't leave for more than an hour: does the worker run?")
    if one.unlooked:
        points.append(f"{one.unlooked} arrived more than an hour ago and weren't taken in: does the worker run?")
    if one.set_aside:
        points.append(f"{one.set_aside} arrived and couldn't be read")
    if one.lost:
        points.append(f"{one.lost} of ours didn't arrive and weren't sent again")
    return points
