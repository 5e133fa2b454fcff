#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/configure.sh: which bindings configure chooses, where tools are too old or other distributions put things. The
# tools are those of this machine, with a few lines of shell before them.
. "$TEST_SOURCE_DIR/checks/tap.sh"

if [ -e "$top/config.status" ]; then
    echo "1..0 # SKIP the source tree is configured, which configure refuses for another folder"
    exit
fi
if ! command -v swig >/dev/null || ! command -v go >/dev/null; then
    echo "1..0 # SKIP no SWIG or no Go"
    exit
fi

# before TOOL: a script in the path that comes before a tool, which it can call as $tool.
before() {
    printf '#!/bin/sh\ntool=%s\n' "$(command -v "$1")" >"$scratch/bin/$1"
    cat >>"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}

# configure ARGUMENTS...: its report is in the file "report". One cache for all, since most answers are the same.
configure() {
    mkdir -p "$scratch/made" && cd "$scratch/made" &&
        PATH="$scratch/bin:$PATH" CC="$TEST_CC" PYTHON="$python" "$top/configure" --quiet \
            --disable-dependency-tracking --cache-file="$scratch/cache" "$@" >"$scratch/report" &&
        sed -i '/ac_cv_path_/d' "$scratch/cache"
}

says() {
    grep -q "$1" "$scratch/report" || { cat "$scratch/report"; return 1; }
}

mkdir "$scratch/bin"
python=$(sed -n 's/^PYTHON = //p' "$build/Makefile")
top=$(cd "$top" && pwd)
before go <<'END'
[ "$*" != "env GOVERSION" ] || { echo go1.18.10; exit; }
exec $tool "$@"
END
expect "configure goes on with an old Go" configure
expect "and leaves its binding out" says 'Go  *no (Go is 1.18.10, and 1.19 is needed)'

# As on Fedora: one Lua, without its version in its names, and lib64 for compiled modules of Python.
lua54=$(sed -n 's/^LUA54 = //p' "$build/Makefile")
for name in lua5.4 lua-5.4 lua54 lua-54 lua; do
    ! pkg-config --exists "$name" || break
done
before pkg-config <<END
for argument in "\$@"; do
    case \$argument in
    lua5* | lua-5*) exit 1 ;;
    lua) exec \$tool "\$1" $name ;;
    esac
done
exec \$tool "\$@"
END
printf 'import site\nsite.getsitepackages = lambda: ["%s/p/lib64/python3/x", "%s/p/lib/python3/x"]\n' \
    "$scratch" "$scratch" >"$scratch/sitecustomize.py"
as_on_fedora() {
    ln -s "$lua54" "$scratch/bin/lua"
    PYTHONPATH="$scratch" configure ac_cv_path_LUA54= --prefix="$scratch/p"
}

makefile_has() {
    grep -qx "$1" "$scratch/made/Makefile" || { grep "^${1%% *} =" "$scratch/made/Makefile"; return 1; }
}

if [ -n "$lua54" ] && [ "$python" != : ]; then
    expect "configure goes on where there is one Lua, and lib64" as_on_fedora
    expect "it finds that Lua's headers" says 'Lua  *yes: 5.4$'
    expect "its interpreter" makefile_has "LUA54 = $scratch/bin/lua"
    expect "and where Python has compiled modules" makefile_has 'gptpythondir = ${prefix}/lib64/python3/x'
fi

before swig <<'END'
[ "$1" != -version ] || { printf '\nSWIG Version 4.0.2\n\n'; exit; }
exec $tool "$@"
END
expect "configure goes on with an old SWIG" configure
expect "and leaves all bindings out" says 'Lua  *no (SWIG is 4.0.2, and 4.1 is needed)'
expect_failure "a binding that is asked for is an error" configure --with-python
finish
