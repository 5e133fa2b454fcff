#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# abi/first_program.sh: a program that was compiled with the headers of the first release runs with the library of now.
#
#   first_program.sh HEADERS LIBRARY
#
# HEADERS is the directory include/ of that release with its gpt/version.h (git worktree add /tmp/first v1.0.0, and
# configure there); LIBRARY is the directory of the new libgpt.so. The program is linked with nothing but the names that
# it needs, so that the first release's library is not asked for.
set -eu
headers=$1
library=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
top=$(cd "$(dirname "$0")/../.." && pwd)
cc -std=c99 -Wall -Werror -I"$headers" "$top/tests/install/story.c" -o "$scratch/story" -L"$library" -lgpt \
    -Wl,-rpath-link,"$library"
length=$(GPT_MODEL_PATH="$top/models" LD_LIBRARY_PATH="$library" "$scratch/story" | wc -c)
test "$length" -gt 100
echo "a program of the first release runs: $length bytes of story"
