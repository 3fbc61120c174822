# Sourced by the scripts beside it: `ensure_venv FOLDER ARGUMENT...` makes a virtualenv in
# FOLDER with `uv pip install ARGUMENT...`, and does nothing where that was done before with
# the same interpreter, the same arguments and the same packages in pyproject.toml.
# PYTHON names the interpreter (default: python3); it must be 3.11 or newer.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# uv leaves it to the first import to compile what it installs
unset PYTHONDONTWRITEBYTECODE

# find_python MINOR: print the path of an interpreter that runs, on PATH or of pyenv; fail without
find_python() {
    local candidate
    for candidate in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
        if [ -x "$candidate" ] && "$candidate" -c 'import venv, ssl' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

about_packages='
import sys, tomllib
document = tomllib.load(open("pyproject.toml", "rb"))
tables = ("build-system", "project", "dependency-groups")
print(sys.version, sys.base_prefix, [document[table] for table in tables], document["tool"]["hatch"])
'

ensure_venv() {
    local folder=$1 python=${PYTHON:-python3}
    shift
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "park-dist needs Python 3.11 or newer; '$python' is $("$python" -V 2>&1)." >&2
        echo "hint: name another one: PYTHON=python3.12 $0" >&2
        exit 2
    fi
    local stamp
    stamp=$({ "$python" -c "$about_packages"; echo "$@"; } | cksum)
    if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
        echo "making the virtualenv $folder ($("$python" -V))" >&2
        rm -rf "$folder"
        "$python" -m venv "$folder"
        # --group needs pip 25.1; uv takes a tenth of the time (8 s for 75), but reads nothing that is set up for pip
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check 'pip>=25.1' uv
        "$folder/bin/uv" pip install --quiet --python "$folder" "$@" ||
            "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
        echo "$stamp" > "$folder/stamp"
    fi
}
