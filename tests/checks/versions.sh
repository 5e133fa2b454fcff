#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/versions.sh: every place that names the release names the same one.
. "$TEST_SOURCE_DIR/checks/tap.sh"

version=$(sed -n 's/^AC_INIT(\[libgpt\], \[\(.*\)\])$/\1/p' "$top/configure.ac")

news_has() {
    head -n 20 "$top/NEWS" | grep -q "^libgpt $1"
}

expect "configure.ac has a version" test -n "$version"
expect "gpt.pc" grep -qx "Version: $version" "$build/pkgconfig/gpt.pc"
expect "gpt-uninstalled.pc" grep -qx "Version: $version" "$build/pkgconfig/gpt-uninstalled.pc"
expect "version.h" grep -q "GPT_VERSION_STRING \"$version\"" "$build/include/gpt/version.h"
expect "gpt-cli" sh -c '"$0" --version | grep -q " $1"' "$GPT_CLI" "$version"
expect "NEWS" news_has "$version"
expect_failure "another version is noticed" news_has 0.0.1
finish
