# SPDX-License-Identifier: Apache-2.0
# bindings/sources.mk: libgpt in other languages, and the same example programs in each of them.

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
BINDING_TESTS = bindings/examples/compare.py
BINDING_ENVIRONMENT = EXAMPLES_C='$(abs_builddir)/bindings/examples/c/{}'; export EXAMPLES_C;

check_PROGRAMS += $(EXAMPLES_IN_C)
TESTS += $(BINDING_TESTS)
AM_TESTS_ENVIRONMENT += $(BINDING_ENVIRONMENT)

EXTRA_DIST += bindings/swig bindings/examples
