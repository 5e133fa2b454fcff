dnl SPDX-License-Identifier: Apache-2.0
dnl m4/bindings.m4: which bindings are built: those whose tools are there, unless --with-<language> or --without- says.

dnl GPT_NEEDS(NAME, VERSION, LEAST, VARIABLE): says in the variable that a tool is too old, if it is.
AC_DEFUN([GPT_NEEDS], [AS_VERSION_COMPARE([$2], [$3], [$4="$1 is $2, and $3 is needed"])])

dnl GPT_CHECK_SWIG: SWIG, which all bindings need, and why there can be none at all.
AC_DEFUN([GPT_CHECK_SWIG], [
    AC_PATH_PROG([SWIG], [swig])
    gpt_no_bindings=
    AS_IF([test -z "$SWIG"], [gpt_no_bindings="SWIG is missing (Debian: swig)"], [
        gpt_swig_version=`"$SWIG" -version | sed -n 's/^SWIG Version //p'`
        GPT_NEEDS([SWIG], [$gpt_swig_version], [4.1], [gpt_no_bindings])
    ])
    AS_IF([test "x$enable_shared" != xyes], [gpt_no_bindings="bindings need the shared library"])
])

dnl GPT_BINDING(LANGUAGE, NAME, PROBE): --with-LANGUAGE. PROBE sets gpt_missing to what is missing, if anything is.
dnl Sets gpt_LANGUAGE to "yes" or to "no (why)", and the conditional HAVE_NAME.
AC_DEFUN([GPT_BINDING], [
    AC_REQUIRE([GPT_CHECK_SWIG])
    AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [do not build the binding for $1])], [], [with_$1=check])
    gpt_missing=$gpt_no_bindings
    AS_IF([test "x$with_$1" = xno], [gpt_missing="as asked for"],
        [test -z "$gpt_missing"], [$3])
    AS_IF([test -z "$gpt_missing"], [gpt_$1=yes],
        [test "x$with_$1" = xyes], [AC_MSG_ERROR([no binding for $1: $gpt_missing])],
        [gpt_$1="no ($gpt_missing)"])
    AM_CONDITIONAL([HAVE_$2], [test "$gpt_$1" = yes])
])

dnl GPT_PROBE_PYTHON: PYTHON_CPPFLAGS, and where Python looks for modules below the prefix: gptpythondir.
AC_DEFUN([GPT_PROBE_PYTHON], [
    AS_IF([test "$PYTHON" = :], [gpt_missing="python3 is missing"], [
        gpt_python_include=`$PYTHON -c 'import sysconfig; print(sysconfig.get_path("include"))'`
        AS_IF([test ! -e "$gpt_python_include/Python.h"],
            [gpt_missing="Python.h is missing in $gpt_python_include (Debian: python3-dev)"])
        PYTHON_CPPFLAGS=-I$gpt_python_include
        GPT_PYTHON_DIRECTORY
    ])
    AC_SUBST([PYTHON_CPPFLAGS])
    AC_SUBST([gptpythondir])
])

dnl GPT_PYTHON_DIRECTORY: the first directory below the prefix in which Python looks for modules: lib64 comes first where
dnl there is one. Debian's Python looks in others than automake takes; automake's is taken when Python looks nowhere below
dnl the prefix.
AC_DEFUN([GPT_PYTHON_DIRECTORY], [
    gpt_prefix=$prefix
    AS_IF([test "x$prefix" = xNONE], [gpt_prefix=$ac_default_prefix])
    gptpythondir=`$PYTHON -c '
import site, sys
prefix = sys.argv[[1]]
print(next(("${prefix}" + path[[len(prefix):]] for path in site.getsitepackages()
            if path.startswith((prefix + "/lib/", prefix + "/lib64/"))), "${pyexecdir}"))' "$gpt_prefix"`
])

dnl GPT_PROBE_LUA: LUAxy_CFLAGS and LUAxy, the interpreter, for each version of Lua whose headers are there, and gpt_lua51
dnl to gpt_lua54. LuaJIT loads what is built for 5.1.
AC_DEFUN([GPT_PROBE_LUA], [
    gpt_lua_versions=
    m4_foreach_w([xy], [51 52 53 54], [GPT_PROBE_ONE_LUA(xy, m4_bpatsubst(xy, [^\(.\)], [\1.]))])
    AS_IF([test -z "$gpt_lua_versions"], [gpt_missing="no headers of Lua 5.1 to 5.4 (Debian: liblua5.4-dev)"])
    AS_IF([test "$gpt_lua51" = yes], [AC_PATH_PROG([LUAJIT], [luajit])])
])

dnl GPT_PROBE_ONE_LUA(XY, X.Y): distributions name the files of pkg-config differently; Fedora has one Lua, called lua.
AC_DEFUN([GPT_PROBE_ONE_LUA], [
    gpt_lua$1=no
    for gpt_name in lua$2 lua-$2 lua$1 lua-$1 lua; do
        gpt_lua_version=`$PKG_CONFIG --modversion "$gpt_name" 2>/dev/null`
        AS_CASE([$gpt_lua$1:$gpt_lua_version], [no:$2 | no:$2.*], [
            gpt_lua$1=yes
            gpt_lua_versions="$gpt_lua_versions $2"
            LUA$1_CFLAGS=`$PKG_CONFIG --cflags "$gpt_name"`
        ])
    done
    AS_IF([test "$gpt_lua$1" = yes], [GPT_LUA_INTERPRETER([$1], [$2])])
])

dnl GPT_LUA_INTERPRETER(XY, X.Y): LUAxy.
AC_DEFUN([GPT_LUA_INTERPRETER], [
    AC_PATH_PROGS([LUA$1], [lua$2 lua-$2 lua$1])
    AS_IF([test -z "$LUA$1"], [
        AC_PATH_PROG([LUA], [lua], [false])
        AS_CASE([`$LUA -v 2>&1`], ["Lua $2"*], [LUA$1=$LUA])
    ])
])

dnl GPT_LUA_VERSIONS: what GPT_PROBE_LUA has found, for the makefile. Where Lua looks for modules can be set.
AC_DEFUN([GPT_LUA_VERSIONS], [
    m4_foreach_w([xy], [51 52 53 54], [
        AC_SUBST([LUA]xy[_CFLAGS])
        AC_SUBST([LUA]xy)
        AM_CONDITIONAL([HAVE_LUA]xy, [test "$gpt_lua" = yes && test "$gpt_lua[]xy" = yes])])
    AC_SUBST([LUAJIT])
    AC_ARG_VAR([luacmoddir], [where compiled modules of Lua go, below it 5.1 and so on])
    AC_ARG_VAR([luamoddir], [where modules in Lua go, below it 5.1 and so on])
    AS_IF([test -z "$luacmoddir"], [luacmoddir='${libdir}/lua'])
    AS_IF([test -z "$luamoddir"], [luamoddir='${datadir}/lua'])
    AS_IF([test "$gpt_lua" = yes], [gpt_lua_found="yes:$gpt_lua_versions"], [gpt_lua_found=$gpt_lua])
])

dnl GPT_PROBE_GO: GO, which must be able to call C, and have atomic.Uint64 and the rest of what 1.19 brought.
AC_DEFUN([GPT_PROBE_GO], [
    AC_PATH_PROG([GO], [go])
    AC_PATH_PROG([GOFMT], [gofmt], [:])
    AS_IF([test -z "$GO"], [gpt_missing="go is missing (Debian: golang-go)"],
        [test "`$GO env CGO_ENABLED`" != 1], [gpt_missing="$GO is built without cgo"], [
        gpt_go_version=`$GO env GOVERSION | sed 's/.*go\(@<:@0-9@:>@@<:@0-9.@:>@*\).*/\1/'`
        GPT_NEEDS([Go], [$gpt_go_version], [1.19], [gpt_missing])
    ])
    AC_SUBST([GO])
    AC_SUBST([GOFMT])
    AC_ARG_VAR([gocodedir], [where sources of Go go: src/libgpt below it])
    AS_IF([test -z "$gocodedir"], [gocodedir='${datadir}/gocode'])
])
