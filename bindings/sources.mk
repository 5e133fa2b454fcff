# SPDX-License-Identifier: Apache-2.0
# bindings/sources.mk: libgpt in other languages, and the same example programs in each of them.

# SWIG reads the headers of the source, and the version that configure made.
SWIG_FLAGS = -I$(srcdir)/bindings/swig -I$(srcdir)/include -I$(builddir)/include
SWIG_INPUT = $(srcdir)/bindings/swig/gpt.i $(gptinclude_HEADERS) $(nodist_gptinclude_HEADERS)

BINDING_TESTS = bindings/examples/compare.py
BINDING_ENVIRONMENT = EXAMPLES_C='$(abs_builddir)/bindings/examples/c/{}'; export EXAMPLES_C;
EXTRA_DIST += bindings/swig bindings/examples bindings/bench

# What a token costs in each language: `make bench-bindings`, which prints.
EXTRA_PROGRAMS += bindings/bench/tokens
bindings_bench_tokens_LDADD = lib/libgpt.la
BENCH_ENVIRONMENT = GPT_MODEL_PATH='$(abs_srcdir)/models' BENCH_C='$(abs_builddir)/bindings/bench/tokens'
bench-bindings: all bindings/bench/tokens
	$(BENCH_ENVIRONMENT) $(PYTHON) $(srcdir)/bindings/bench/overhead.py
.PHONY: bench-bindings

# --- Python -------------------------------------------------------------------------------------------------------

PYTHON_PACKAGE = \
	bindings/python/gpt/__init__.py \
	bindings/python/gpt/_arrays.py \
	bindings/python/gpt/_errors.py \
	bindings/python/gpt/_generator.py \
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

# What SWIG writes is compiled without the warnings that libgpt's own code is held to.
nodist_bindings_python__gpt_la_SOURCES = bindings/python/gpt_python.c
bindings_python__gpt_la_CPPFLAGS = -I$(srcdir)/include -I$(builddir)/include $(PYTHON_CPPFLAGS)
bindings_python__gpt_la_CFLAGS = -fno-strict-aliasing -Wno-deprecated-declarations
bindings_python__gpt_la_LDFLAGS = -module -avoid-version -shared
bindings_python__gpt_la_LIBADD = lib/libgpt.la

# SWIG's own module in Python, gpt.py, is not used: the package stands on _gpt.
bindings/python/gpt_python.c: bindings/swig/python.i $(SWIG_INPUT)
	@$(MKDIR_P) bindings/python/unused
	$(AM_V_GEN)$(SWIG) -python -builtin $(SWIG_FLAGS) -outdir bindings/python/unused -o $@ \
		$(srcdir)/bindings/swig/python.i
	@rm -rf bindings/python/unused

# The package as it will be installed, for programs that run before that: put its directory in PYTHONPATH.
noinst_DATA = bindings/python/package/stamp
bindings/python/package/stamp: bindings/python/_gpt.la $(PYTHON_PACKAGE)
	@$(MKDIR_P) bindings/python/package/gpt
	$(AM_V_GEN)for file in $(PYTHON_PACKAGE) $(PYTHON_TYPES); do \
		ln -sf "$(abs_srcdir)/$$file" bindings/python/package/gpt/; done; \
	ln -sf "$(abs_builddir)/bindings/python/.libs/_gpt.so" bindings/python/package/gpt/ && echo >$@

CLEANFILES += bindings/python/gpt_python.c
clean-local:
	-rm -rf bindings/python/package

# libtool links modules again as they are installed, against the library that must be there by then. Python has no use for
# libtool's file beside a module. (automake must not see the name of its own rule, which would be replaced.)
install_python = install-gptpyexecLTLIBRARIES
$(install_python): install-libLTLIBRARIES
install-exec-hook:
	rm -f $(DESTDIR)$(gptpyexecdir)/_gpt.la
uninstall-hook:
	rm -f $(DESTDIR)$(gptpyexecdir)/_gpt.so
	-rmdir $(DESTDIR)$(gptpydir)/__pycache__ $(DESTDIR)$(gptpydir) 2>/dev/null

BENCH_ENVIRONMENT += PYTHONPATH='$(abs_builddir)/bindings/python/package' \
	BENCH_PYTHON='$(PYTHON) $(abs_srcdir)/bindings/bench/tokens.py'
BINDING_TESTS += $(PYTHON_TESTS)
BINDING_ENVIRONMENT += PYTHONPATH='$(abs_builddir)/bindings/python/package'; export PYTHONPATH; \
	EXAMPLES_PYTHON='$(PYTHON) $(abs_srcdir)/bindings/examples/python/gpt_{}.py'; export EXAMPLES_PYTHON;
endif

PYTHON_TESTS = \
	bindings/python/tests/test_dask.py \
	bindings/python/tests/test_generate.py \
	bindings/python/tests/test_lifetime.py \
	bindings/python/tests/test_numbers.py \
	bindings/python/tests/test_transformers.py \
	bindings/python/tests/test_types.py

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
