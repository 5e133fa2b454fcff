#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# abi/test_abi.sh: the library keeps the binary interface of its first release, and abi.sh notices when one does not.
. "$TEST_SOURCE_DIR/checks/tap.sh"

library=$build/lib/.libs/libgpt.so
old=$TEST_SOURCE_DIR/abi/libgpt-1.abi
if ! command -v abidiff >/dev/null || [ ! -e "$library" ]; then
    echo "1..0 # SKIP abidiff (Debian: abigail-tools) or the shared library is missing"
    exit 0
fi

# describe EDIT: the description of the release, as it would have been with something else in it.
described() {
    sed "$1" "$old" >"$scratch/old.abi"
    ! cmp -s "$old" "$scratch/old.abi" || echo "nothing was edited" >&2
}

keeps() {
    sh "$TEST_SOURCE_DIR/abi/abi.sh" compare "$1" "$library" "$top/include"
}

expect "nothing of the first release was changed" keeps "$old"

# As if a parameter had been int64_t then.
long=$(sed -n "s/.*<type-decl name='long int'.*id='\([0-9a-f]*\)'.*/\1/p" "$old" | head -n 1)
function="/<function-decl name='gpt_generator_set_top_k'/,/<\/function-decl>/"
described "${function}s/<parameter type-id='95e97e5e'/<parameter type-id='$long'/"
expect_failure "a changed parameter is noticed" keeps "$scratch/old.abi"

# As if there had been another function.
described "s/<elf-symbol name='gpt_backend'\(.*\)/&<elf-symbol name='gpt_gone'\1/"
expect_failure "a removed function is noticed" keeps "$scratch/old.abi"

# As if a code had had another number.
described "s/<enumerator name='GPT_E_CONTEXT' value='-6'/<enumerator name='GPT_E_CONTEXT' value='-60'/"
expect_failure "a renumbered code is noticed" keeps "$scratch/old.abi"

# A function that is new now was not there then: that is how the interface grows.
described "/<elf-symbol name='gpt_backend'/d; /<function-decl name='gpt_backend'/,/<\/function-decl>/d"
expect "an added function is welcome" keeps "$scratch/old.abi"
finish
