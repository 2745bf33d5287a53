"""The WSGI application."""

import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handslag.config.settings")
# The figures of all web processes lie in one folder (prometheus_client reads this when it is imported).
_figures = Path(os.environ.get("HANDSLAG_DATA", "var")).resolve() / "figures"
_figures.mkdir(parents=True, exist_ok=True)
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_figures))

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
