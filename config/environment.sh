# Sourced by ./run and ./test: finds a Python and makes the environment from a hash-locked list.
# BATON_VENV names another place for it than .venv; BATON_PYTHON names the Python to make it with.

baton_fail() { echo "$*" >&2; exit 1; }

baton_python() {
    local found
    for found in ${BATON_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        command -v "$found" >/dev/null &&
            "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
            { command -v "$found"; return; }
    done
    baton_fail "Baton needs Python 3.11 or newer, and found none. Install one, or name it: BATON_PYTHON=/path/to/python3."
}

# baton_environment LOCK [LOCK THAT IT CONTAINS]: leaves PYTHON pointing at an environment that has exactly LOCK.
# A copy of each installed lock is kept in the environment: the same bytes mean there is nothing to do.
baton_environment() {
    local venv="${BATON_VENV:-.venv}" lock="$1" base
    PYTHON="$venv/bin/python"
    if [ -x "$PYTHON" ] && cmp -s "$lock" "$venv/installed-$lock"; then return; fi
    if ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
        base=$(baton_python) || exit 1
        echo "Making the environment in $venv with $base ..."
        "$base" -m venv --clear "$venv" || baton_fail "$base cannot make an environment (on Debian: apt-get install python3-venv)."
    fi
    echo "Installing $lock ..."
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock" ||
        baton_fail "Installing $lock failed: see above."
    for lock in "$@"; do cp "$lock" "$venv/installed-$lock"; done
}
