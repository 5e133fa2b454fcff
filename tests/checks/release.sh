#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/release.sh: what must be true before a release is made; `make release-check` runs it. docs/release.md has the
# steps that a person does.
TEST_SOURCE_DIR=$(cd "$(dirname "$0")/.." && pwd)
. "$TEST_SOURCE_DIR/checks/tap.sh"

version=$(sed -n 's/^AC_INIT(\[libgpt\], \[\(.*\)\])$/\1/p' "$top/configure.ac")

all_is_committed() {
    left=$(git -C "$top" status --porcelain) && test -z "$left" || { echo "$left"; return 1; }
}

is_new() {
    ! git -C "$top" rev-parse -q --verify "refs/tags/v$version" >/dev/null
}

changelog_has() {
    head -n 1 "$top/debian/changelog" | grep -q "^libgpt ($version-"
}

spec_has() {
    grep -q "^Version: *$version$" "$top/packaging/rpm/libgpt.spec"
}

rock_has() {
    grep -q "^version = \"$version-" "$top/bindings/lua/gpt-$version-1.rockspec"
}

# The symbols file of Debian's package and the list of names agree with the library.
symbols_are_listed() {
    nm -D --defined-only "$build/lib/.libs/libgpt.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' |
        sort >"$scratch/library"
    sed -n 's/^ \(gpt_[a-z0-9_]*\)@.*/\1/p' "$top/debian/libgpt1.symbols" | sort >"$scratch/package"
    same "$scratch/library" "$scratch/package"
}

expect "all is committed" all_is_committed
expect "the tag v$version is still to be made" is_new
expect "NEWS begins with this release" sh -c 'head -n 1 "$0" | grep -qx "libgpt $1"' "$top/NEWS" "$version"
expect "debian/changelog begins with it" changelog_has
expect "packaging/rpm/libgpt.spec has it" spec_has
expect "the rockspec has it" rock_has
expect "debian/libgpt1.symbols lists what the library exports" symbols_are_listed
expect "the library keeps the binary interface" sh "$TEST_SOURCE_DIR/abi/abi.sh" compare \
    "$TEST_SOURCE_DIR/abi/libgpt-1.abi" "$build/lib/.libs/libgpt.so" "$top/include"
expect "versions agree" env TEST_SOURCE_DIR="$TEST_SOURCE_DIR" TEST_BUILD_DIR="$build" sh \
    "$TEST_SOURCE_DIR/checks/versions.sh"
expect "the tarball builds, installs and removes itself" make -C "$build" -s distcheck TESTS=
finish
