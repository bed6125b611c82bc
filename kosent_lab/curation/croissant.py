"""What a governed corpus is, as other programs read it: Croissant metadata (JSON-LD) beside the shards.

References
----------
MLCommons, "Croissant format specification" 1.0 and its vocabulary for responsible AI (``rai:``); provenance by PROV-O.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kosent_lab.core.files import write_text
from kosent_lab.curation.data_card import about_contact, about_personal, about_wishes
from kosent_lab.curation.recipe import KINDS_OF_SOURCE
from kosent_lab.curation.snapshots import Snapshot

_CROISSANT = "http://mlcommons.org/croissant"
_OWN_TERMS = (
    "citeAs column conformsTo equivalentProperty extract field fileProperty fileObject fileSet format includes "
    "isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "separator source subField transform"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": f"{_CROISSANT}/",
    "rai": f"{_CROISSANT}/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    **{term: f"cr:{term}" for term in _OWN_TERMS.split()},
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}
# by the beginning of the name that pandas gives a column's kind
_KINDS = {
    **dict.fromkeys(("int", "Int", "uint", "UInt"), "cr:Int64"),
    **dict.fromkeys(("float", "Float", "double", "decimal"), "cr:Float64"),
    "bool": "sc:Boolean",
    **dict.fromkeys(("datetime", "timestamp"), "sc:DateTime"),
    "date": "sc:Date",
}


def write_croissant(snapshot: Snapshot, path: Path) -> None:
    """Write the Croissant metadata of a snapshot."""
    write_text(json.dumps(describe(snapshot), indent=1, ensure_ascii=False) + "\n", path)


def describe(snapshot: Snapshot) -> dict[str, Any]:
    """Return the Croissant metadata of a snapshot, its manifest and shards alone looked at."""
    manifest = snapshot.manifest
    did = (f"{one['step']} ({one['removed']:,} removed, {one['changed']:,} changed)" for one in manifest["steps"])
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"{_CROISSANT}/1.0",
        "name": manifest["name"],
        "description": f"{manifest['title']}. {snapshot.rows:,} documents; what each step did is in lineage.parquet.",
        "version": manifest["version"],
        "license": _licence(manifest["licence"]),
        **({"creator": {"@type": "sc:Organization", "name": manifest["creator"]}} if "creator" in manifest else {}),
        **({"datePublished": manifest["date_published"]} if "date_published" in manifest else {}),
        **({"citeAs": manifest["citation"]} if "citation" in manifest else {}),
        "url": f"urn:kosent-lab:{manifest['name']}:{manifest['version']}",
        "distribution": [_file(shard) for shard in manifest["shards"]] + [_shards()],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "documents",
                "name": "documents",
                "field": [_field(number, *one) for number, one in enumerate(manifest["columns"].items())],
            }
        ],
        "prov:wasDerivedFrom": [_source(one) for one in manifest["inputs"]],
        "prov:wasGeneratedBy": manifest["code"],
        "rai:dataPreprocessingProtocol": f"Steps of recipe.toml, in order: {', '.join(did) or 'none'}.",
        "rai:personalSensitiveInformation": about_personal(manifest),
        "rai:dataReleaseMaintenancePlan": f"{about_wishes(manifest)} {about_contact(manifest)}".strip(),
    }


def _licence(expression: str) -> str:
    """Return the address of a licence on SPDX's list; an expression of several, or one on no list, as it stands."""
    alone = not re.search(r"[ ()]|^LicenseRef-", expression)
    return f"https://spdx.org/licenses/{expression}.html" if alone else expression


def _file(shard: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": shard["file"],
        "name": shard["file"],
        "contentUrl": shard["file"],
        "encodingFormat": "application/x-parquet",
        "sha256": shard["sha256"],
    }


def _shards() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": "shards",
        "name": "shards",
        "encodingFormat": "application/x-parquet",
        "includes": "part-*.parquet",
    }


def _field(number: int, name: str, kind: str) -> dict[str, Any]:
    # an id is a part of an address: a column 리뷰 점수 is called by its number
    plain = re.fullmatch(r"[\w.-]+", name, re.ASCII) and not re.fullmatch(r"column-\d+", name)
    known_as = name if plain else f"column-{number}"
    several = re.match(r"(?:large_|fixed_size_)?list<\w+: ", kind)
    of = kind[several.end() :] if several else kind
    return {
        "@type": "cr:Field",
        "@id": f"documents/{known_as}",
        "name": f"documents/{known_as}",
        "description": name,
        "dataType": next((known for begin, known in _KINDS.items() if of.startswith(begin)), "sc:Text"),
        **({"repeated": True} if several else {}),
        "source": {"fileSet": {"@id": "shards"}, "extract": {"column": name}},
    }


def _source(one: dict[str, Any]) -> dict[str, Any]:
    kind = next(kind for kind in KINDS_OF_SOURCE if kind in one)
    known = {"prov:label": str(one[kind]), "sha256": one["sha256"], "sc:size": f"{one['rows']} documents"}
    return {"@type": "prov:Entity", **known} | ({"license": one["licence"]} if one.get("licence") else {})
