"""`python -m soak.steps sender|receiver`: one end of the exchange of every organisation, again and again."""

import sys
import time

import django


def main(what: str) -> None:
    """Hand over what is due, or take in what arrived, as the worker does each minute."""
    django.setup()
    from django.db import InterfaceError, OperationalError, connection

    from handslag.jobs import exchange
    from handslag.jobs.acts import tenants

    work = {"sender": exchange.hand_over_due, "receiver": exchange.take_arrivals}[what]
    while True:
        try:
            for tenant in tenants():
                work(tenant)
        except (OperationalError, InterfaceError):
            connection.close()
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1])
