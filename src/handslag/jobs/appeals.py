"""The package of a forwarded appeal is made once, file by file as its manifest says."""

from __future__ import annotations

import hashlib
import io
import zipfile
from contextlib import suppress
from uuid import UUID

from handslag.domain.decisions.models import Appeal, AppealPackage
from handslag.domain.decisions.operations.appeals import record_package
from handslag.domain.documents.operations import StoredFile
from handslag.domain.tenancy.door import acting, system
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.policies import NotPossible
from handslag.jobs.acts import store_of
from handslag.jobs.queue import AWAY, tasks
from handslag.kernel import canonical, clock
from handslag.kernel.ids import uuid7

BY = system("appeals")
#: The moment that each file of a package bears, so that the same files give the same bytes.
MOMENT = (1980, 1, 1, 0, 0, 0)


class PackageDiffers(Exception):
    """A file isn't what the manifest says; nothing is kept."""


@tasks.task(name="pack_appeal", retry=AWAY)
def pack_appeal(tenant: int, appeal: str) -> None:
    """Put what goes to the court into one file, store it, record it. Done before: does nothing."""
    with acting(tenant, BY, "pack_appeal"):
        row = Appeal.objects.get(id=UUID(appeal))
        if row.manifest is None or AppealPackage.objects.filter(appeal=row).exists():
            return
        manifest, written, key = row.manifest, row.written or {}, file_key()
    store = store_of(tenant, key)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(_entry("manifest.json"), canonical.dumps(manifest))
        for listed in manifest["files"]:
            stored_key = listed.get("document")
            content = b"".join(store.read(UUID(stored_key))) if stored_key else written[listed["name"]].encode()
            if hashlib.sha256(content).hexdigest() != listed["digest"]:
                raise PackageDiffers(f"appeal {appeal}: {listed['name'][:2]}")
            package.writestr(_entry(listed["name"]), content)
    packed.seek(0)
    stored = store.write(uuid7(), packed)
    file = StoredFile(stored.file_id, stored.digest, stored.size, "application/zip")
    with suppress(NotPossible):  # another run of this job was first: its package stands
        record_package(tenant=tenant, by=BY, now=clock.now(), appeal=UUID(appeal), file=file)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
