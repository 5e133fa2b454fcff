#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# abi/abi.sh: the binary interface of a built library, by Debian's abigail-tools. make abi-check and abi-update call it.
#
#   abi.sh describe LIBRARY HEADERS          prints the description
#   abi.sh compare OLD LIBRARY HEADERS       fails when what OLD describes was changed; additions do not matter
#
# HEADERS is the directory that has gpt/. The library must be built with -g.
set -eu
directory=$(dirname "$0")

# Without what is no interface: the paths of the build, and types that only libgpt itself sees.
describe() {
    abidw --exported-interfaces-only --drop-private-types --headers-dir "$2" --suppressions "$directory/opaque.suppr" \
        --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --no-parameter-names --type-id-style hash \
        "$1" | sed "s, path='[^']*/lib/, path='lib/,"
}

# abidiff answers with bits: 1 and 2 are errors of its own, 4 any change, 8 a change that breaks programs. A changed
# enum is 4 only, so that all changes but added functions count.
compare() {
    status=0
    abidiff --drop-private-types --headers-dir2 "$3" --suppressions "$directory/opaque.suppr" --no-added-syms \
        --no-corpus-path "$1" "$2" || status=$?
    return $status
}

case "$1" in
describe) describe "$2" "$3" ;;
compare) compare "$2" "$3" "$4" ;;
*) sed -n '4,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
