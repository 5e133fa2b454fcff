# SPDX-License-Identifier: Apache-2.0
# tests/sources.mk: the tests. All speak TAP (Test Anything Protocol), which automake's driver counts. tests/README.md tells how
# they are arranged.

AM_LDFLAGS = $(OPENMP_CFLAGS)

# Tests reach what is hidden in the library, as they link its objects themselves.
check_LTLIBRARIES = tests/libtest.la
tests_libtest_la_SOURCES = tests/test.c tests/test.h tests/quality.h tests/golden/convert_gguf.c \
	tests/golden/convert_gguf.h tests/golden/reference.c tests/golden/reference.h
tests_libtest_la_LIBADD = lib/libgpt-internal.la
LDADD = tests/libtest.la

UNIT_TESTS = \
	tests/unit/test_api_sweep \
	tests/unit/test_attention \
	tests/unit/test_base \
	tests/unit/test_beams \
	tests/unit/test_chat \
	tests/unit/test_company \
	tests/unit/test_config_rotary \
	tests/unit/test_failing_allocations \
	tests/unit/test_families \
	tests/unit/test_format \
	tests/unit/test_generator \
	tests/unit/test_gguf \
	tests/unit/test_gguf_model \
	tests/unit/test_linear \
	tests/unit/test_locale \
	tests/unit/test_model \
	tests/unit/test_model_weights \
	tests/unit/test_panels \
	tests/unit/test_processors \
	tests/unit/test_profile \
	tests/unit/test_quantize \
	tests/unit/test_settings \
	tests/unit/test_steps \
	tests/unit/test_text_stream \
	tests/unit/test_tiktoken \
	tests/unit/test_token_text \
	tests/unit/test_tokenizer \
	tests/unit/test_tokenizer_files \
	tests/unit/test_tokenizer_golden \
	tests/unit/test_tokenizer_memory \
	tests/unit/test_tokenizer_normalizer \
	tests/unit/test_tokenizer_pattern \
	tests/unit/test_tokenizer_unicode \
	tests/golden/test_families \
	tests/golden/test_gguf \
	tests/golden/test_models

EXTRA_DIST += tests/unit/test_floats.h tests/unit/test_gguf_maker.h tests/unit/test_gguf_tokenizer.h \
	tests/unit/test_model_maker.h tests/unit/test_model_refusals.h tests/unit/test_tokenizer_maker.h

# Run under ThreadSanitizer too, by ./dev check.
THREAD_TESTS = \
	tests/threads/test_threads \
	tests/unit/test_tokenizer_threads

# Fuzz targets over their corpus and a fixed number of mutations of it.
FUZZ_TESTS = \
	tests/fuzz/fuzz_gguf \
	tests/fuzz/fuzz_model \
	tests/fuzz/fuzz_ranks \
	tests/fuzz/fuzz_safetensors \
	tests/fuzz/fuzz_text_stream \
	tests/fuzz/fuzz_tokenizer \
	tests/fuzz/fuzz_vocab
FUZZ_COMMON = tests/fuzz/fuzz.h tests/fuzz/fuzz_main.c tests/fuzz/fuzz_file.c
tests_fuzz_fuzz_gguf_SOURCES = tests/fuzz/fuzz_gguf.c tests/fuzz/fuzz_tensors.c tests/fuzz/fuzz_use.c $(FUZZ_COMMON)
tests_fuzz_fuzz_model_SOURCES = tests/fuzz/fuzz_model.c tests/fuzz/fuzz_use.c $(FUZZ_COMMON)
tests_fuzz_fuzz_ranks_SOURCES = tests/fuzz/fuzz_ranks.c tests/fuzz/fuzz_text.c $(FUZZ_COMMON)
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c tests/fuzz/fuzz_tensors.c $(FUZZ_COMMON)
tests_fuzz_fuzz_text_stream_SOURCES = tests/fuzz/fuzz_text_stream.c $(FUZZ_COMMON)
tests_fuzz_fuzz_tokenizer_SOURCES = tests/fuzz/fuzz_tokenizer.c tests/fuzz/fuzz_text.c $(FUZZ_COMMON)
tests_fuzz_fuzz_vocab_SOURCES = tests/fuzz/fuzz_vocab.c tests/fuzz/fuzz_text.c $(FUZZ_COMMON)

# README.md's program, linked like any user's: against the shared library, which exports the public functions only.
tests_install_story_SOURCES = tests/install/story.c
tests_install_story_LDADD = lib/libgpt.la

CLI_TESTS = tests/cli/test_usage.py tests/cli/test_generate.py tests/cli/test_numbers.py tests/cli/test_terminal.py
CHECKS = tests/checks/configure.sh tests/checks/dist.sh tests/checks/headers.sh tests/checks/manual.sh \
	tests/checks/readme.sh tests/checks/skips.sh tests/checks/sources.sh tests/checks/style.py tests/checks/symbols.sh \
	tests/checks/versions.sh tests/abi/test_abi.sh

# Figures, not tests: `make bench` builds them.
EXTRA_PROGRAMS = tests/bench/bench_quality tests/bench/bench_sampler tests/bench/bench_tokenizer
bench: $(EXTRA_PROGRAMS)
.PHONY: bench

check_PROGRAMS = $(UNIT_TESTS) $(THREAD_TESTS) $(FUZZ_TESTS) tests/install/story
TESTS = $(UNIT_TESTS) $(THREAD_TESTS) $(FUZZ_TESTS) $(CLI_TESTS) $(CHECKS)

# No setting of the person who runs the tests may change them.
AM_TESTS_ENVIRONMENT = \
	unset OMP_NUM_THREADS GPT_MODEL HF_HUB_CACHE XDG_DATA_HOME XDG_CACHE_HOME DNNL_MAX_CPU_ISA ONEDNN_VERBOSE; \
	HF_HOME=/nonexistent; export HF_HOME; \
	OMP_WAIT_POLICY=passive; export OMP_WAIT_POLICY; \
	TEST_SOURCE_DIR='$(abs_srcdir)/tests'; export TEST_SOURCE_DIR; \
	TEST_BUILD_DIR='$(abs_builddir)'; export TEST_BUILD_DIR; \
	TEST_CC='$(CC)'; export TEST_CC; \
	GPT_MODEL_PATH='$(abs_srcdir)/models'; export GPT_MODEL_PATH; \
	GPT_CLI='$(abs_builddir)/gpt-cli'; export GPT_CLI; \
	TSAN_OPTIONS='suppressions=$(abs_srcdir)/tests/tsan.supp'; export TSAN_OPTIONS; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

TEST_EXTENSIONS = .py .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/checks/python.sh $(PYTHON)
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)
