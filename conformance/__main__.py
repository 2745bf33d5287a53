"""`python -m conformance [DIR]`: compare, write the evidence; exit code 1 where a document is not valid."""

import hashlib
import os
import sys
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

from lxml import etree

from conformance import COMPARISONS, Comparison
from soak.evidence import ROOT, write


class _Beside(etree.Resolver):
    """Imports by web address are looked for by file name beside the schema; nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._files = {path.name: path for path in folder.rglob("*.xsd")}

    def resolve(self, system_url: str, public_id: str, context: Any = None) -> Any:
        if system_url.startswith(("http:", "https:")):
            name = system_url.rsplit("/", 1)[-1]
            if name not in self._files:
                raise LookupError(f"{system_url}: no file {name} beside the schema")
            return self.resolve_filename(str(self._files[name]), context)  # type: ignore[attr-defined]
        return None


def compare(comparison: Comparison, folder: Path | None) -> dict[str, Any]:
    """What was compared with what (digests) and what is not valid; `schema` None when it is not at hand."""
    home = Path(str(files(comparison.package))) if comparison.package else folder
    path = home / comparison.schema if home else None
    if path is None or not path.exists():
        return {"name": comparison.name, "schema": None, "documents": {}, "findings": []}
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Beside(path.parent))
    schema = etree.XMLSchema(etree.parse(str(path), parser))
    documents, findings = {}, []
    for document in sorted(ROOT.glob(comparison.documents)):
        name = str(document.relative_to(ROOT))
        documents[name] = hashlib.sha256(document.read_bytes()).hexdigest()
        plain = etree.XMLParser(no_network=True, resolve_entities=False)
        tree = etree.parse(str(document), plain)
        found = tree.find(f".//{comparison.element}") if comparison.element else tree.getroot()
        if found is None:
            findings.append(f"{name}: has no {comparison.element}")
        elif not schema.validate(etree.ElementTree(deepcopy(found))):
            findings += [f"{name}:{error.line}: {error.message}" for error in schema.error_log]  # type: ignore[attr-defined]
    if not documents:
        findings.append(f"no document matches {comparison.documents}")
    return {
        "name": comparison.name,
        "schema": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
        "documents": documents,
        "findings": findings,
    }


def main() -> None:
    named = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HANDSLAG_CONFORMANCE")
    folder = Path(named) if named else None
    if folder and not folder.is_dir():
        sys.exit(f"{folder} is no folder")
    results = [compare(comparison, folder) for comparison in COMPARISONS]
    for result in results:
        state = f"{len(result['documents'])} documents, {len(result['findings'])} findings"
        print(f"{result['name']}: {state if result['schema'] else 'the schema is not at hand'}")
        for finding in result["findings"]:
            print(f"  {finding}")
    write(
        "conformance",
        what="Documents of the product by the official schemas",
        seed=None,
        result={"compared": results},
    )
    sys.exit(1 if any(result["findings"] for result in results) else 0)


if __name__ == "__main__":
    main()
