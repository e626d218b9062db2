"""config.toml and the environment, as one frozen value.

In:   a TOML file, `EMBERWATCH_SECTION__KEY` variables, the files that `*_file` keys name.
Out:  `Config`, or every fault at once, each with its key and what to do about it.

Values of the environment win over the file. A secret never stands in the file itself.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from monitor.durations import duration_text
from monitor.errors import ConfigError
from monitor.mail_settings import BackupSection, EmailSection, RetentionSection
from monitor.settings import (
    DatabaseSection,
    EngineSection,
    ScheduleSection,
    Section,
    ServiceSection,
    SourcesSection,
    WebhooksSection,
    WebSection,
)
from monitor.thresholds import AlertsSection, DetectionSection

DEFAULT_FILE = Path("config.toml")
PREFIX = "EMBERWATCH_"
MASK = "********"
_PASSWORD_IN_URL = re.compile(r"(://[^:/@\s]*:)[^/@\s]+@")

Model = TypeVar("Model", bound=BaseModel)
KeyPath = tuple[str, ...]
"""Where a key stands: ``("sources", "stac", "url")``."""


class Config(BaseSettings):
    """Every setting of the service. Paths are absolute."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    service: ServiceSection = ServiceSection()
    schedule: ScheduleSection = ScheduleSection()
    sources: SourcesSection = SourcesSection()
    detection: DetectionSection = DetectionSection()
    alerts: AlertsSection = AlertsSection()
    email: EmailSection = EmailSection()
    webhooks: WebhooksSection = WebhooksSection()
    web: WebSection = WebSection()
    engine: EngineSection = EngineSection()
    database: DatabaseSection = DatabaseSection()
    backup: BackupSection = BackupSection()
    retention: RetentionSection = RetentionSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose table comes as arguments."""
        return env_settings, init_settings

    @property
    def journal_folder(self) -> Path:
        """Folder of the journal outside the database."""
        return self.backup.journal or self.service.data_folder / "journal"

    @property
    def database_url(self) -> str:
        """Address of the database, its password included: never print it."""
        url = self.database.url
        if not url:
            return f"sqlite:///{self.service.data_folder / 'emberwatch.sqlite'}"
        if self.database.password is None:
            return url
        # Imported here: most commands that read the settings open no database.
        from sqlalchemy.engine import make_url

        secret = self.database.password.get_secret_value()
        return make_url(url).set(password=secret).render_as_string(hide_password=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the settings."""

    key: str
    """Where: ``"[email] port"``, a variable, or the file."""

    problem: str
    """What is wrong, with the refused value unless it is a secret."""

    remedy: str
    """What to do."""

    line: int | None = None
    """Line of the file, if the key stands there."""

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"


def load_config(path: Path | None = None) -> Config:
    """Read the settings.

    Parameters
    ----------
    path : Path, optional
        The file. Without it ``./config.toml`` if there is one, else the defaults.

    Raises
    ------
    ConfigError
        If the file was named and is missing, or anything in it cannot be used.
    """
    config, faults = _examined(path)
    if len(faults) == 1:
        raise ConfigError(f"{path or DEFAULT_FILE}: {faults[0]}", hint=faults[0].remedy)
    if config is None or faults:
        raise ConfigError(
            f"{path or DEFAULT_FILE} has {len(faults)} faults: "
            + " · ".join(str(fault) for fault in faults),
            hint="emberwatch check-config shows each with its remedy",
        )
    return config


def check_config(path: Path | None = None) -> list[Fault]:
    """Return everything that is wrong with the settings, in the order of the file.

    Raises
    ------
    ConfigError
        If the file was named and is missing, or cannot be read at all.
    """
    _, faults = _examined(path)
    return sorted(faults, key=lambda fault: (fault.line or 0, fault.key))


def describe(config: Config) -> dict[str, dict[str, object]]:
    """Return the settings in force by section, secrets masked, ready to print or for JSON."""
    return dict(_described(config, ()))


def _described(model: Section | Config, where: KeyPath) -> Iterator[tuple[str, dict[str, object]]]:
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    own = {k: _printable(v) for k, v in fields.items() if not isinstance(v, Section)}
    if own:
        yield ".".join(where), own
    for name, value in fields.items():
        if isinstance(value, Section):
            yield from _described(value, (*where, name))


def _printable(value: object) -> object:
    match value:
        case SecretStr():
            return MASK
        case timedelta():
            return duration_text(value)
        case tuple():
            return [_printable(one) for one in value]
        case Path() | str():
            return _without_password(str(value))
        case _:
            return value


def _without_password(text: str) -> str:
    return _PASSWORD_IN_URL.sub(rf"\1{MASK}@", text)


def _examined(path: Path | None) -> tuple[Config | None, list[Fault]]:
    """Return the settings, if they can be built at all, and their faults."""
    text, folder = _text_of(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        name = str(path or DEFAULT_FILE)
        remedy = "quote text, give each key once, and write lists in []"
        return None, [Fault(name, f"is not TOML: {error}", remedy)]
    faults = [*_secrets_in(table, text), *_unknown_variables(), *_read_secrets(table, folder)]
    try:
        config = Config(**table)
    except ValidationError as error:
        faults += [_fault_of(dict(detail), text) for detail in error.errors()]
        return None, faults
    except SettingsError as error:
        remedy = "set single keys, such as EMBERWATCH_EMAIL__PORT"
        return None, [*faults, Fault("environment", str(error), remedy)]
    return _with_absolute_paths(config, folder), faults


def _text_of(path: Path | None) -> tuple[str, Path]:
    """Return the text of the file and the folder that its relative paths start from."""
    if path is None and not DEFAULT_FILE.exists():
        return "", Path.cwd()
    file = path or DEFAULT_FILE
    try:
        return file.read_text(encoding="utf-8-sig"), file.resolve().parent
    except FileNotFoundError as error:
        hint = "give its path, or write one with: emberwatch init"
        raise ConfigError(f"the configuration {file} does not exist", hint=hint) from error
    except OSError as error:
        hint = "check its owner and its mode"
        raise ConfigError(f"cannot read {file}: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8"
        raise ConfigError(f"{file} is not UTF-8: byte {error.start}", hint=hint) from error


def _secret_keys(model: type[Section | Config] = Config, where: KeyPath = ()) -> Iterator[KeyPath]:
    for name, field in model.model_fields.items():
        if SecretStr in get_args(field.annotation):
            yield (*where, name)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _secret_keys(field.annotation, (*where, name))


def _secrets_in(table: Mapping[str, Any], text: str) -> Iterator[Fault]:
    """Yield a fault for each secret that stands in the file itself."""
    secrets = set(_secret_keys())
    for keys, value in _leaves(table):
        # A service that reads addresses only finds a password in them too.
        if keys in secrets or (isinstance(value, str) and _PASSWORD_IN_URL.search(value)):
            remedy = f"set {_variable(keys)} instead"
            if keys in secrets:
                remedy = f"write it to a file, name that in {keys[-1]}_file, or {remedy}"
            yield Fault(_key(keys), "holds a secret", remedy, _line_of(text, keys))


def _leaves(table: Mapping[str, Any], where: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*where, name))
        else:
            yield (*where, name), value


def _unknown_variables() -> Iterator[Fault]:
    """Yield a fault for each variable of ours whose section does not exist."""
    for variable in sorted(os.environ):
        section, found, _ = variable.upper().removeprefix(PREFIX).lower().partition("__")
        if variable.upper().startswith(PREFIX) and found and section not in Config.model_fields:
            yield Fault(variable, "no such section", _suggestion(section, Config.model_fields))


def _read_secrets(table: dict[str, Any], folder: Path) -> Iterator[Fault]:
    """Put the contents of secret files into `table`; yield what stands in the way."""
    variables = {name.upper(): value for name, value in os.environ.items()}
    for keys in _secret_keys():
        *sections, name = keys
        section = table
        for part in sections:
            section = section.setdefault(part, {}) if isinstance(section, dict) else {}
        if not isinstance(section, dict) or _variable(keys) in variables:
            continue
        named = variables.get(f"{_variable(keys)}_FILE", section.get(f"{name}_file"))
        if isinstance(named, str):
            try:
                section[name] = _secret_of(folder / named)
            except ConfigError as error:
                yield Fault(_key((*sections, f"{name}_file")), error.message, error.hint)


def _secret_of(file: Path) -> str:
    """Return the secret that `file` holds; refuse one that everybody can read."""
    try:
        mode = file.stat().st_mode
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        hint = "write the secret there, readable by the service alone"
        raise ConfigError(f"cannot read the secret file {file}: {error}", hint=hint) from error
    if mode & stat.S_IROTH:
        raise ConfigError(f"{file} can be read by everybody", hint=f"chmod 600 {file}")
    if not secret:
        raise ConfigError(f"the secret file {file} is empty", hint="write the secret there")
    return secret


def _fault_of(detail: Mapping[str, Any], text: str) -> Fault:
    """Return one error of pydantic in our words."""
    keys = tuple(part for part in detail["loc"] if isinstance(part, str))
    model, known = _section_of(keys)
    if detail["type"] == "extra_forbidden":
        remedy = _suggestion(keys[-1], model.model_fields)
        return Fault(_key(keys), "is not a setting", remedy, _line_of(text, keys))
    problem = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
    value = detail["input"]
    # A refused secret must not be shown, and a whole section says nothing.
    if isinstance(value, str | int | float) and value != "" and keys not in set(_secret_keys()):
        problem = f"{_without_password(repr(value))} {problem}"
    described = known and model.model_fields[keys[-1]].description
    return Fault(_key(keys), problem, described or "see config.toml", _line_of(text, keys))


def _section_of(keys: KeyPath) -> tuple[type[Section | Config], bool]:
    """Return the section that holds the last of `keys`, and whether it has such a key."""
    model: type[Section | Config] = Config
    for name in keys[:-1]:
        field = model.model_fields.get(name)
        if field and isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            model = field.annotation
    return model, keys[-1] in model.model_fields


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _key(keys: KeyPath) -> str:
    """Return where `keys` stand, as they are written in the file."""
    model, _ = _section_of((*keys, ""))
    if model is not _section_of(keys)[0] or len(keys) == 1:
        return f"[{'.'.join(keys)}]"
    return f"[{'.'.join(keys[:-1])}] {keys[-1]}"


def _variable(keys: KeyPath) -> str:
    return PREFIX + "__".join(keys).upper()


def _line_of(text: str, keys: KeyPath) -> int | None:
    """Return the line on which a key stands, if its section is written with a header."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            section = header[1].strip()
            if section == ".".join(keys):
                return number
        elif section == ".".join(keys[:-1]) and re.match(rf"\s*{re.escape(keys[-1])}\s*=", line):
            return number
    return None


def _with_absolute_paths(model: Model, folder: Path) -> Model:
    """Return a copy in which relative paths start from `folder`."""
    changed: dict[str, object] = {}
    for name in type(model).model_fields:
        value: object = getattr(model, name)
        if isinstance(value, Section):
            changed[name] = _with_absolute_paths(value, folder)
        elif isinstance(value, Path):
            changed[name] = folder / value
    return model.model_copy(update=changed)
