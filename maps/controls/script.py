"""What our controls share: a script beside the module, called with the map and options."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from branca.element import MacroElement
from jinja2 import Template


class OwnControl(MacroElement):
    """A control whose script lies beside it as ``<name>.js`` and defines one function.

    The function is called with the map and `options`. Strings in `options` that
    the script shows as HTML are `SafeHtml`; as JSON none can leave its quotes.
    """

    script_name = ""
    """File name without ``.js``."""

    function = ""
    """The function that the script defines."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "{{ this.source }}\n"
        "{{ this.function }}({{ this._parent.get_name() }}, {{ this.options|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, options: Mapping[str, object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves it without types
        self._name = type(self).__name__
        self.options = dict(options)
        self.source = source(self.script_name)


def source(name: str) -> str:
    """Return the text of the script ``<name>.js`` of this folder."""
    return (files("maps.controls") / f"{name}.js").read_text(encoding="utf-8")
