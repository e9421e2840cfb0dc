"""What the environment says, read once, typed and checked: a bad value stops the start and names its variable."""

import contextlib
import logging
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, ValidationError

env = Env()
BACKENDS = "django.core.mail.backends"
MAIL = ("smtp", "submission", "smtps", "console", "file", "memory", "dummy")


def address(*schemes: str, path_needed: bool = True) -> Any:
    """A check that a value is an address of one of these kinds (an empty value means: not set)."""

    def check(value: str) -> None:
        parts = urlsplit(value)
        empty = path_needed and not (parts.netloc or parts.path.strip("/"))
        if value and (parts.scheme not in schemes or empty):
            raise ValidationError(f"must look like {schemes[0]}://..., not {value!r}")

    return check


def bare_hosts(names: list[str]) -> None:
    wrong = [name for name in names if "/" in name or not name.strip()]
    if wrong:
        raise ValidationError(f"must be host names separated by commas, without http:// and paths, not {wrong}")


def currency(code: str) -> None:
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise ValidationError(f"must be a currency code such as USD or EUR, not {code!r}")


def zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"must be a time zone such as Europe/Lisbon, not {name!r}")


def positive(number: int) -> None:
    if number < 1:
        raise ValidationError(f"must be 1 or more, not {number}")


def database(url: str) -> dict[str, Any]:
    """Django's form of DATABASE_URL; only PostgreSQL is served. Raises ImproperlyConfigured."""
    try:
        address("postgres", "postgresql")(url)
        found = dict(env.dj_db_url("DATABASE_URL", conn_max_age=60, conn_health_checks=True))
    except Exception as error:  # the value may hold a password: say what is wrong, not what it was
        raise ImproperlyConfigured(
            "Baton cannot start: DATABASE_URL must be like postgres://user:password@host/name."
        ) from error
    # Compiling a statement (JIT) takes longer than any of ours runs; ?options=... in the address goes before this.
    found.setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
    return found


def embedded_secret(path: Path) -> str:
    """The key of an embedded install: made once, mode 600. Several processes may ask at the same first moment."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, mine = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)  # whole or not at all, and only for the first
        os.unlink(mine)
    return path.read_text().strip()


def secret(database_url: str, var: Path) -> str:
    """SECRET_KEY; on a served database it must be given and long. Raises ImproperlyConfigured."""
    given: str = env.str("SECRET_KEY", "")
    if not database_url:
        return given or embedded_secret(var / "secret_key")
    if len(given) < 32:
        raise ImproperlyConfigured(
            "Baton cannot start: DATABASE_URL is set, so SECRET_KEY must be set too, to 50 random characters or more."
        )
    return given


def hosts(database_url: str) -> list[str]:
    """ALLOWED_HOSTS; on a served database it must name some. Raises ImproperlyConfigured."""
    given: list[str] = env.list("ALLOWED_HOSTS", [], validate=bare_hosts)
    if database_url and not given:
        raise ImproperlyConfigured("Baton cannot start: DATABASE_URL is set, so ALLOWED_HOSTS must name your hosts.")
    return given or ["localhost", "127.0.0.1", "[::1]"]


def email(var: Path) -> dict[str, Any]:
    """Django's EMAIL_* settings. Without EMAIL_URL each message becomes a file in ``var/mail``."""
    url = env.str("EMAIL_URL", "", validate=address(*MAIL, path_needed=False))
    if not url:
        return {"EMAIL_BACKEND": f"{BACKENDS}.filebased.EmailBackend", "EMAIL_FILE_PATH": str(var / "mail")}
    found = {name: value for name, value in env.dj_email_url("EMAIL_URL").items() if value is not None}
    if url.startswith("file:"):
        found["EMAIL_FILE_PATH"] = f"/{found['EMAIL_FILE_PATH']}"
    return {"EMAIL_TIMEOUT": 10} | found


@dataclass(frozen=True)
class Environment:
    """Every setting that the environment decides."""

    var: Path
    database_url: str
    redis_url: str
    debug: bool
    https: bool
    site_url: str
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    track_origins: list[str]
    secret_key: str
    demo: bool
    private_hosts: bool
    setup_open: bool
    from_email: str
    log_level: int
    behind_proxy: bool
    upload_limit_mb: int
    currency: str
    company_zone: str
    email: dict[str, Any]


def read(base: Path) -> Environment:
    """Raises ImproperlyConfigured, naming the variable at fault."""
    try:
        return _read(base)
    except EnvError as error:
        raise ImproperlyConfigured(f"Baton cannot start: {error}") from error


def _read(base: Path) -> Environment:
    var = Path(env.str("BATON_VAR", "") or base / "var").absolute()
    url = env.str("DATABASE_URL", "")
    key = secret(url, var)
    return Environment(
        var=var,
        database_url=url,
        redis_url=env.str("REDIS_URL", "", validate=address("redis", "rediss", "redis+socket", "sentinel")),
        debug=env.bool("DEBUG", False),
        https=env.bool("BATON_HTTPS", bool(url)),
        site_url=env.str("SITE_URL", "http://127.0.0.1:8000", validate=address("http", "https")).rstrip("/"),
        allowed_hosts=hosts(url),
        csrf_trusted_origins=env.list("CSRF_TRUSTED_ORIGINS", []),
        track_origins=env.list("BATON_TRACK_ORIGINS", []),
        secret_key=key,
        demo=env.bool("BATON_DEMO", not url),
        private_hosts=env.bool("BATON_PRIVATE_HOSTS", False),
        setup_open=env.bool("BATON_SETUP", not url),
        from_email=env.str("DEFAULT_FROM_EMAIL", "Baton <baton@localhost>"),
        log_level=env.log_level("LOG_LEVEL", logging.INFO),
        behind_proxy=env.bool("BATON_BEHIND_PROXY", False),
        upload_limit_mb=env.int("BATON_UPLOAD_LIMIT_MB", 1024, validate=positive),
        currency=env.str("BATON_CURRENCY", "USD", validate=currency),
        company_zone=env.str("BATON_TIME_ZONE", "UTC", validate=zone),
        email=email(var),
    )
