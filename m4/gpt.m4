dnl SPDX-License-Identifier: Apache-2.0
dnl m4/gpt.m4: probes that autoconf does not have.

dnl GPT_TRY_FLAGS(FLAGS): adds to GPT_CFLAGS each flag that the compiler knows.
AC_DEFUN([GPT_TRY_FLAGS], [
    for gpt_flag in $1; do
        gpt_saved_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS -Werror $gpt_flag"
        AC_MSG_CHECKING([whether $CC takes $gpt_flag])
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
            [AC_MSG_RESULT([yes]); GPT_CFLAGS="$GPT_CFLAGS $gpt_flag"],
            [AC_MSG_RESULT([no])])
        CFLAGS=$gpt_saved_CFLAGS
    done
])

dnl GPT_CHECK_TARGET_CLONES: whether one function can be compiled for several instruction sets (lib/compute/cpu.h).
AC_DEFUN([GPT_CHECK_TARGET_CLONES], [
    AC_MSG_CHECKING([for target_clones and GNU ifuncs])
    AC_LINK_IFELSE([AC_LANG_SOURCE([[
        __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
        int twice(int x) { return 2 * x; }
        int main(void) { return twice(0); }]])],
        [AC_MSG_RESULT([yes])
         AC_DEFINE([GPT__HAVE_TARGET_CLONES], [1], [Define when target_clones and GNU ifuncs work.])],
        [AC_MSG_RESULT([no])])
])

dnl GPT_CHECK_OPENMP: OPENMP_CFLAGS for compilers that use GNU's runtime; OPENMP_LIBS for that runtime.
AC_DEFUN([GPT_CHECK_OPENMP], [
    AC_MSG_CHECKING([for a compiler with GNU's OpenMP])
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
        #if defined(__clang__) || !defined(__GNUC__)
        #error another runtime
        #endif]])],
        [gpt_openmp=OpenMP; OPENMP_CFLAGS=-fopenmp; OPENMP_LIBS=; AC_MSG_RESULT([yes])],
        [gpt_openmp="one (this compiler would bring a second OpenMP runtime)"
         OPENMP_CFLAGS=; AC_MSG_RESULT([no])
         AC_CHECK_LIB([gomp], [omp_set_num_threads], [OPENMP_LIBS=-lgomp],
            [OPENMP_LIBS=
             for gpt_gomp in -l:libgomp.so.1; do
                 gpt_saved_LIBS=$LIBS
                 LIBS="$LIBS $gpt_gomp"
                 AC_LINK_IFELSE([AC_LANG_PROGRAM([[void omp_set_num_threads(int);]], [[omp_set_num_threads(1)]])],
                     [OPENMP_LIBS=$gpt_gomp])
                 LIBS=$gpt_saved_LIBS
             done])
         AS_IF([test -z "$OPENMP_LIBS"], [AC_MSG_ERROR([GNU's OpenMP runtime is missing (Debian: libgomp1)])])])
    AC_SUBST([OPENMP_CFLAGS])
    AC_SUBST([OPENMP_LIBS])
])

dnl GPT_DNNL_VERSION: sets gpt_dnnl_version from the header, and refuses what libgpt was not written for.
AC_DEFUN([GPT_DNNL_VERSION], [
    AC_COMPUTE_INT([gpt_dnnl_major], [DNNL_VERSION_MAJOR], [#include <oneapi/dnnl/dnnl_version.h>])
    AC_COMPUTE_INT([gpt_dnnl_minor], [DNNL_VERSION_MINOR], [#include <oneapi/dnnl/dnnl_version.h>])
    AC_COMPUTE_INT([gpt_dnnl_patch], [DNNL_VERSION_PATCH], [#include <oneapi/dnnl/dnnl_version.h>])
    gpt_dnnl_version="$gpt_dnnl_major.$gpt_dnnl_minor.$gpt_dnnl_patch"
    AS_IF([test "$gpt_dnnl_major" -lt 2 || { test "$gpt_dnnl_major" -eq 2 && test "$gpt_dnnl_minor" -lt 6; }],
        [AC_MSG_ERROR([oneDNN $gpt_dnnl_version is too old, 2.6 or newer is needed])])
    AC_MSG_CHECKING([for the version of oneDNN])
    AC_MSG_RESULT([$gpt_dnnl_version])
])

dnl GPT_CHECK_VERSION_SCRIPT: whether the linker takes a version script.
AC_DEFUN([GPT_CHECK_VERSION_SCRIPT], [
    AC_MSG_CHECKING([whether the linker takes a version script])
    gpt_saved_LDFLAGS=$LDFLAGS
    LDFLAGS="$LDFLAGS -Wl,--version-script=$srcdir/lib/libgpt.map"
    AC_LINK_IFELSE([AC_LANG_PROGRAM()], [gpt_version_script=yes], [gpt_version_script=no])
    LDFLAGS=$gpt_saved_LDFLAGS
    AC_MSG_RESULT([$gpt_version_script])
    AM_CONDITIONAL([HAVE_VERSION_SCRIPT], [test "$gpt_version_script" = yes])
])
