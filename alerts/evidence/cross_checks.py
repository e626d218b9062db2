"""What the files of a bundle say of each other, held against what they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PROVENANCE = "prov.json"
RECIPE = "recipe.json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    subject: str
    """File, or part of it."""

    what: str


def reference_faults(files: Mapping[str, bytes], known: Collection[str]) -> Iterator[Fault]:
    """Yield what is said of a file that is not so, whoever signed it.

    Bundles of old say nothing of the kind; of `known` files it was said already.
    """
    for name, named_in in ((PROVENANCE, _in_provenance), (RECIPE, _in_recipe)):
        if name not in files:
            continue
        try:
            named = named_in(json.loads(files[name]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield Fault(name, "cannot be read")
            continue
        for file, digest in sorted(named.items()):
            if file in known:
                continue
            if file not in files:
                yield Fault(name, f"names {file[:80]}, which is not in the bundle")
            elif hashlib.sha256(files[file]).hexdigest() != digest:
                yield Fault(name, f"names {file[:80]} with another digest")


def _in_provenance(document: Any) -> dict[str, str]:
    entities: Mapping[str, Mapping[str, str]] = document["entity"]
    return {one["ew:file"]: one["ew:sha256"] for one in entities.values() if "ew:file" in one}


def _in_recipe(document: Any) -> dict[str, str]:
    return {str(file): str(digest) for file, digest in document["inputs"].items()}
