# SPDX-License-Identifier: Apache-2.0
# bindings/sources.mk: libgpt in other languages, and the same example programs in each of them.

# SWIG reads the headers of the source, and the version that configure made.
SWIG_FLAGS = -I$(srcdir)/bindings/swig -I$(srcdir)/include -I$(builddir)/include
SWIG_INPUT = $(srcdir)/bindings/swig/gpt.i $(gptinclude_HEADERS) $(nodist_gptinclude_HEADERS)

# What SWIG writes is compiled without the warnings that libgpt's own code is held to.
BINDING_CPPFLAGS = -I$(srcdir)/include -I$(builddir)/include
BINDING_CFLAGS = -fno-strict-aliasing -Wno-deprecated-declarations
BINDING_LDFLAGS = -module -avoid-version -shared

BINDING_TESTS = bindings/examples/compare.py
BINDING_ENVIRONMENT = EXAMPLES_C='$(abs_builddir)/bindings/examples/c/{}'; export EXAMPLES_C;
EXTRA_DIST += bindings/swig bindings/examples bindings/bench

# What a token costs in each language: `make bench-bindings`, which prints.
EXTRA_PROGRAMS += bindings/bench/tokens
bindings_bench_tokens_LDADD = lib/libgpt.la
BENCH_ENVIRONMENT = GPT_MODEL_PATH='$(abs_srcdir)/models' BENCH_C='$(abs_builddir)/bindings/bench/tokens'
BENCH_NEEDS = bindings/bench/tokens
bench-bindings: all $(BENCH_NEEDS)
	$(BENCH_ENVIRONMENT) $(PYTHON) $(srcdir)/bindings/bench/overhead.py
.PHONY: bench-bindings

# --- Python -------------------------------------------------------------------------------------------------------

PYTHON_PACKAGE = \
	bindings/python/gpt/__init__.py \
	bindings/python/gpt/_arrays.py \
	bindings/python/gpt/_chat.py \
	bindings/python/gpt/_errors.py \
	bindings/python/gpt/_generator.py \
	bindings/python/gpt/_handle.py \
	bindings/python/gpt/_model.py \
	bindings/python/gpt/_settings.py \
	bindings/python/gpt/_tokenizer.py \
	bindings/python/gpt/transformers.py
PYTHON_TYPES = bindings/python/gpt/_gpt.pyi bindings/python/gpt/py.typed

EXTRA_DIST += $(PYTHON_PACKAGE) $(PYTHON_TYPES) bindings/python/examples bindings/python/tests \
	bindings/python/pyproject.toml bindings/python/setup.py

if HAVE_PYTHON
gptpydir = $(gptpythondir)/gpt
gptpy_PYTHON = $(PYTHON_PACKAGE)
gptpytypesdir = $(gptpydir)
gptpytypes_DATA = $(PYTHON_TYPES)
gptpyexecdir = $(gptpydir)
gptpyexec_LTLIBRARIES = bindings/python/_gpt.la

nodist_bindings_python__gpt_la_SOURCES = bindings/python/gpt_python.c
bindings_python__gpt_la_CPPFLAGS = $(BINDING_CPPFLAGS) $(PYTHON_CPPFLAGS)
bindings_python__gpt_la_CFLAGS = $(BINDING_CFLAGS)
bindings_python__gpt_la_LDFLAGS = $(BINDING_LDFLAGS)
bindings_python__gpt_la_LIBADD = lib/libgpt.la

# SWIG's own module in Python, gpt.py, is not used: the package stands on _gpt.
bindings/python/gpt_python.c: bindings/swig/python.i $(SWIG_INPUT)
	@$(MKDIR_P) bindings/python/unused
	$(AM_V_GEN)$(SWIG) -python -builtin $(SWIG_FLAGS) -outdir bindings/python/unused -o $@ \
		$(srcdir)/bindings/swig/python.i
	@rm -rf bindings/python/unused

# The package as it will be installed, for programs that run before that: put its directory in PYTHONPATH.
noinst_DATA += bindings/python/package/stamp
bindings/python/package/stamp: bindings/python/_gpt.la $(PYTHON_PACKAGE)
	@$(MKDIR_P) bindings/python/package/gpt
	$(AM_V_GEN)for file in $(PYTHON_PACKAGE) $(PYTHON_TYPES); do \
		ln -sf "$(abs_srcdir)/$$file" bindings/python/package/gpt/; done; \
	ln -sf "$(abs_builddir)/bindings/python/.libs/_gpt.so" bindings/python/package/gpt/ && echo >$@

CLEANFILES += bindings/python/gpt_python.c
CLEAN_HOOKS += clean-python
clean-python:
	-rm -rf bindings/python/package

# libtool links modules again as they are installed, against the library that must be there by then. Python has no use for
# libtool's file beside a module. (automake must not see the name of its own rule, which would be replaced.)
install_python = install-gptpyexecLTLIBRARIES
$(install_python): install-libLTLIBRARIES
INSTALL_HOOKS += install-python-hook
install-python-hook:
	rm -f $(DESTDIR)$(gptpyexecdir)/_gpt.la
UNINSTALL_HOOKS += uninstall-python-hook
uninstall-python-hook:
	rm -f $(DESTDIR)$(gptpyexecdir)/_gpt.so
	-rmdir $(DESTDIR)$(gptpydir)/__pycache__ $(DESTDIR)$(gptpydir) 2>/dev/null

BENCH_ENVIRONMENT += PYTHONPATH='$(abs_builddir)/bindings/python/package' \
	BENCH_PYTHON='$(PYTHON) $(abs_srcdir)/bindings/bench/tokens.py'
BINDING_TESTS += $(PYTHON_TESTS)
BINDING_ENVIRONMENT += PYTHONPATH='$(abs_builddir)/bindings/python/package'; export PYTHONPATH; \
	EXAMPLES_PYTHON='$(PYTHON) $(abs_srcdir)/bindings/examples/python/gpt_{}.py'; export EXAMPLES_PYTHON;
endif

PYTHON_TESTS = \
	bindings/python/tests/test_chat.py \
	bindings/python/tests/test_dask.py \
	bindings/python/tests/test_generate.py \
	bindings/python/tests/test_lifetime.py \
	bindings/python/tests/test_numbers.py \
	bindings/python/tests/test_transformers.py \
	bindings/python/tests/test_types.py

# --- Lua ----------------------------------------------------------------------------------------------------------

LUA_TOP = bindings/lua/gpt.lua
LUA_PARTS = bindings/lua/gpt/chat.lua bindings/lua/gpt/errors.lua bindings/lua/gpt/generator.lua \
	bindings/lua/gpt/handle.lua bindings/lua/gpt/settings.lua
EXTRA_DIST += $(LUA_TOP) $(LUA_PARTS) bindings/lua/tests bindings/lua/gpt-1.0.0-1.rockspec \
	bindings/lua/rock.mk
LUA_MODULES =
LUA_INSTALLS =

if HAVE_LUA
bindings/lua/gpt_lua.c: bindings/swig/lua.i $(SWIG_INPUT)
	@$(MKDIR_P) bindings/lua
	$(AM_V_GEN)$(SWIG) -lua $(SWIG_FLAGS) -o $@ $(srcdir)/bindings/swig/lua.i
CLEANFILES += bindings/lua/gpt_lua.c

# The compiled modules as they will be installed, for programs that run before that: bindings/lua/package/5.4/gpt/core.so
noinst_DATA += bindings/lua/package/stamp
bindings/lua/package/stamp: $(LUA_MODULES)
	$(AM_V_GEN)for module in $(LUA_MODULES); do \
		version=`echo $$module | sed 's,bindings/lua/\(.*\)/core.la,\1,'`; \
		$(MKDIR_P) bindings/lua/package/$$version/gpt; \
		ln -sf "$(abs_builddir)/bindings/lua/$$version/.libs/core.so" bindings/lua/package/$$version/gpt/; \
	done; echo >$@
CLEAN_HOOKS += clean-lua
clean-lua:
	-rm -rf bindings/lua/package

# As with Python's module: what it is linked with must be installed first, and libtool's file is of no use.
INSTALL_HOOKS += install-lua-hook
install-lua-hook:
	rm -f $(DESTDIR)$(luacmoddir)/5.?/gpt/core.la
$(LUA_INSTALLS): install-libLTLIBRARIES
UNINSTALL_HOOKS += uninstall-lua-hook
uninstall-lua-hook:
	rm -f $(DESTDIR)$(luacmoddir)/5.?/gpt/core.so
	-rmdir $(DESTDIR)$(luacmoddir)/5.?/gpt $(DESTDIR)$(luamoddir)/5.?/gpt 2>/dev/null

# Interpreters by version; those that are not there are empty.
BINDING_TESTS += bindings/lua/tests/test_lua.py
BINDING_ENVIRONMENT += LUA_5_1='$(LUA51)' LUA_5_2='$(LUA52)' LUA_5_3='$(LUA53)' LUA_5_4='$(LUA54)' \
	LUA_JIT='$(LUAJIT)' LUA_MODULES='$(abs_builddir)/bindings/lua/package' LUA_SOURCE='$(abs_srcdir)/bindings/lua'; \
	export LUA_5_1 LUA_5_2 LUA_5_3 LUA_5_4 LUA_JIT LUA_MODULES LUA_SOURCE; \
	EXAMPLES_LUA='$(abs_srcdir)/bindings/examples/lua/{}.lua'; export EXAMPLES_LUA;
endif

if HAVE_LUA51
lua51dir = $(luamoddir)/5.1
lua51_DATA = $(LUA_TOP)
lua51subdir = $(luamoddir)/5.1/gpt
lua51sub_DATA = $(LUA_PARTS)
lua51execdir = $(luacmoddir)/5.1/gpt
lua51exec_LTLIBRARIES = bindings/lua/5.1/core.la
nodist_bindings_lua_5_1_core_la_SOURCES = bindings/lua/gpt_lua.c
bindings_lua_5_1_core_la_CPPFLAGS = $(BINDING_CPPFLAGS) $(LUA51_CFLAGS)
bindings_lua_5_1_core_la_CFLAGS = $(BINDING_CFLAGS)
bindings_lua_5_1_core_la_LDFLAGS = $(BINDING_LDFLAGS)
bindings_lua_5_1_core_la_LIBADD = lib/libgpt.la
LUA_MODULES += bindings/lua/5.1/core.la
LUA_INSTALLS += install-lua51execLTLIBRARIES
endif

if HAVE_LUA52
lua52dir = $(luamoddir)/5.2
lua52_DATA = $(LUA_TOP)
lua52subdir = $(luamoddir)/5.2/gpt
lua52sub_DATA = $(LUA_PARTS)
lua52execdir = $(luacmoddir)/5.2/gpt
lua52exec_LTLIBRARIES = bindings/lua/5.2/core.la
nodist_bindings_lua_5_2_core_la_SOURCES = bindings/lua/gpt_lua.c
bindings_lua_5_2_core_la_CPPFLAGS = $(BINDING_CPPFLAGS) $(LUA52_CFLAGS)
bindings_lua_5_2_core_la_CFLAGS = $(BINDING_CFLAGS)
bindings_lua_5_2_core_la_LDFLAGS = $(BINDING_LDFLAGS)
bindings_lua_5_2_core_la_LIBADD = lib/libgpt.la
LUA_MODULES += bindings/lua/5.2/core.la
LUA_INSTALLS += install-lua52execLTLIBRARIES
endif

if HAVE_LUA53
lua53dir = $(luamoddir)/5.3
lua53_DATA = $(LUA_TOP)
lua53subdir = $(luamoddir)/5.3/gpt
lua53sub_DATA = $(LUA_PARTS)
lua53execdir = $(luacmoddir)/5.3/gpt
lua53exec_LTLIBRARIES = bindings/lua/5.3/core.la
nodist_bindings_lua_5_3_core_la_SOURCES = bindings/lua/gpt_lua.c
bindings_lua_5_3_core_la_CPPFLAGS = $(BINDING_CPPFLAGS) $(LUA53_CFLAGS)
bindings_lua_5_3_core_la_CFLAGS = $(BINDING_CFLAGS)
bindings_lua_5_3_core_la_LDFLAGS = $(BINDING_LDFLAGS)
bindings_lua_5_3_core_la_LIBADD = lib/libgpt.la
LUA_MODULES += bindings/lua/5.3/core.la
LUA_INSTALLS += install-lua53execLTLIBRARIES
endif

if HAVE_LUA54
lua54dir = $(luamoddir)/5.4
lua54_DATA = $(LUA_TOP)
lua54subdir = $(luamoddir)/5.4/gpt
lua54sub_DATA = $(LUA_PARTS)
lua54execdir = $(luacmoddir)/5.4/gpt
lua54exec_LTLIBRARIES = bindings/lua/5.4/core.la
nodist_bindings_lua_5_4_core_la_SOURCES = bindings/lua/gpt_lua.c
bindings_lua_5_4_core_la_CPPFLAGS = $(BINDING_CPPFLAGS) $(LUA54_CFLAGS)
bindings_lua_5_4_core_la_CFLAGS = $(BINDING_CFLAGS)
bindings_lua_5_4_core_la_LDFLAGS = $(BINDING_LDFLAGS)
bindings_lua_5_4_core_la_LIBADD = lib/libgpt.la
LUA_MODULES += bindings/lua/5.4/core.la
LUA_INSTALLS += install-lua54execLTLIBRARIES
BENCH_ENVIRONMENT += LUA_PATH='$(abs_srcdir)/bindings/lua/?.lua' \
	LUA_CPATH='$(abs_builddir)/bindings/lua/package/5.4/?.so' \
	BENCH_LUA='$(LUA54) $(abs_srcdir)/bindings/bench/tokens.lua'
endif

# --- Go -----------------------------------------------------------------------------------------------------------

GO_PACKAGE = \
	bindings/go/gpt/chat.go \
	bindings/go/gpt/errors.go \
	bindings/go/gpt/generator.go \
	bindings/go/gpt/gpt.go \
	bindings/go/gpt/handle.go \
	bindings/go/gpt/model.go \
	bindings/go/gpt/settings.go \
	bindings/go/gpt/stream.go \
	bindings/go/gpt/stream_iter.go \
	bindings/go/gpt/tokenizer.go
GO_HOOK = bindings/go/gpt/internal/core/hook.go
GO_EXAMPLES = \
	bindings/bench/go/main.go \
	bindings/examples/go/batch/main.go \
	bindings/examples/go/generate/main.go \
	bindings/examples/go/score/main.go \
	bindings/examples/go/serve/main.go \
	bindings/examples/go/stream/main.go \
	bindings/examples/go/tokenize/main.go
GO_PACKAGE_TESTS = bindings/go/gpt/example_test.go bindings/go/gpt/gpt_test.go bindings/go/gpt/settings_test.go
EXTRA_DIST += $(GO_PACKAGE) $(GO_HOOK) $(GO_PACKAGE_TESTS) bindings/go/go.mod bindings/go/test_go.sh

if HAVE_GO
# The module libgpt, as it is installed: a user's build compiles what SWIG writes, too.
gomoddir = $(gocodedir)/src/libgpt
gomod_DATA = bindings/go/go.mod
gopackagedir = $(gomoddir)/gpt
gopackage_DATA = $(GO_PACKAGE)
gocoredir = $(gopackagedir)/internal/core
gocore_DATA = $(GO_HOOK)
nodist_gocore_DATA = bindings/go/core.go bindings/go/core_wrap.c

bindings/go/core_wrap.c: bindings/swig/go.i $(SWIG_INPUT)
	@$(MKDIR_P) bindings/go
	$(AM_V_GEN)$(SWIG) -go -cgo -intgosize 64 $(SWIG_FLAGS) -outdir bindings/go -o $@ $(srcdir)/bindings/swig/go.i
bindings/go/core.go: bindings/go/core_wrap.c
	@:
CLEANFILES += bindings/go/core.go bindings/go/core_wrap.c

# The same with tests and examples, from which programs are built before an installation.
GO_TREE = bindings/go/package
noinst_DATA += $(GO_TREE)/stamp
$(GO_TREE)/stamp: bindings/go/core_wrap.c $(GO_PACKAGE) $(GO_HOOK) $(GO_PACKAGE_TESTS) $(GO_EXAMPLES) \
		bindings/go/go.mod
	@rm -rf $(GO_TREE)/gpt $(GO_TREE)/examples $(GO_TREE)/bench
	@$(MKDIR_P) $(GO_TREE)/gpt/internal/core $(GO_TREE)/examples
	$(AM_V_GEN)for file in $(GO_PACKAGE) $(GO_PACKAGE_TESTS); do \
		cp "$(srcdir)/$$file" $(GO_TREE)/gpt/ || exit 1; done; \
	cp "$(srcdir)/$(GO_HOOK)" bindings/go/core.go bindings/go/core_wrap.c $(GO_TREE)/gpt/internal/core/ && \
	cp "$(srcdir)/bindings/go/go.mod" $(GO_TREE)/ && \
	cp -R "$(srcdir)/bindings/examples/go/." $(GO_TREE)/examples/ && \
	cp -R "$(srcdir)/bindings/bench/go" $(GO_TREE)/bench && chmod -R u+w $(GO_TREE) && echo >$@
CLEAN_HOOKS += clean-go
clean-go:
	-rm -rf $(GO_TREE) bindings/go/bin bindings/go/cache

# go keeps what it has compiled below the build; it needs no network, and no home.
GO_ENVIRONMENT = GO111MODULE=on GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off GOTOOLCHAIN=local CGO_ENABLED=1 \
	GOCACHE='$(abs_builddir)/bindings/go/cache' GOPATH='$(abs_builddir)/bindings/go/cache/path' \
	PKG_CONFIG_PATH='$(abs_builddir)/pkgconfig:$(PKG_CONFIG_PATH)' CGO_LDFLAGS='-Wl,-rpath,$(abs_builddir)/lib/.libs'
check_DATA = bindings/go/bin/stamp
bindings/go/bin/stamp: $(GO_TREE)/stamp lib/libgpt.la
	@$(MKDIR_P) bindings/go/bin
	$(AM_V_GEN)cd $(GO_TREE) && env $(GO_ENVIRONMENT) $(GO) build -o '$(abs_builddir)/bindings/go/bin/' \
		./examples/... ./bench && echo >'$(abs_builddir)/$@'
UNINSTALL_HOOKS += uninstall-go-hook
uninstall-go-hook:
	-rmdir $(DESTDIR)$(gocoredir) $(DESTDIR)$(gopackagedir)/internal $(DESTDIR)$(gopackagedir) \
		$(DESTDIR)$(gomoddir) 2>/dev/null

BINDING_TESTS += bindings/go/test_go.sh
BINDING_ENVIRONMENT += EXAMPLES_GO='$(abs_builddir)/bindings/go/bin/{}'; export EXAMPLES_GO; \
	GO='env $(GO_ENVIRONMENT) $(GO)' GOFMT='$(GOFMT)' GO_PACKAGE='$(abs_builddir)/$(GO_TREE)'; \
	export GO GOFMT GO_PACKAGE;
BENCH_ENVIRONMENT += BENCH_GO='$(abs_builddir)/bindings/go/bin/bench'
BENCH_NEEDS += bindings/go/bin/stamp
endif

# --- Examples -----------------------------------------------------------------------------------------------------

# What the programs in other languages are compared with. Linked like any user's.
EXAMPLES_IN_C = \
	bindings/examples/c/batch \
	bindings/examples/c/generate \
	bindings/examples/c/score \
	bindings/examples/c/serve \
	bindings/examples/c/stream \
	bindings/examples/c/tokenize
bindings_examples_c_batch_LDADD = lib/libgpt.la
bindings_examples_c_generate_LDADD = lib/libgpt.la
bindings_examples_c_score_LDADD = lib/libgpt.la -lm
bindings_examples_c_serve_LDADD = lib/libgpt.la
bindings_examples_c_stream_LDADD = lib/libgpt.la
bindings_examples_c_tokenize_LDADD = lib/libgpt.la

# compare.py runs them all. Each binding that is built says how its programs are run: {} is the name of one.
check_PROGRAMS += $(EXAMPLES_IN_C)
TESTS += $(BINDING_TESTS)
AM_TESTS_ENVIRONMENT += $(BINDING_ENVIRONMENT)
