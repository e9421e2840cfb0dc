"""Baton's settings for tests: those of the environment, but quick, private and without a collectstatic."""

import atexit
import os
import shutil
import tempfile

# Each test process has its own folder for database, secret key, uploads and mail.
_var = tempfile.mkdtemp(prefix="baton-var-")
atexit.register(shutil.rmtree, _var, ignore_errors=True)
os.environ["BATON_VAR"] = _var

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, STORAGES, VAR_DIR  # noqa: E402

# What ./test migrated once for all its test processes: a file of SQLite, the name of a database of PostgreSQL.
MIGRATED = os.environ.get("BATON_TEST_MIGRATED")
PASSWORD_HASHERS = ["tests.machinery.hashers.QuickHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
SETUP_OPEN = True
(VAR_DIR / "static").mkdir(exist_ok=True)

_database = DATABASES["default"]
if "sqlite3" in _database["ENGINE"]:
    # A file, as in an install: threads and processes meet in it under the same locks. Only safe on no power cut.
    _database["TEST"] = {"NAME": VAR_DIR / "baton.sqlite3"}
    _database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
    if MIGRATED:  # and kept by --reuse-db
        shutil.copy(MIGRATED, _database["TEST"]["NAME"])
else:
    _database["TEST"] = {"NAME": f"test_baton_{os.getpid()}"} | ({"TEMPLATE": MIGRATED} if MIGRATED else {})
