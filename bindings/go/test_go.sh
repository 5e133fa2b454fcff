#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# go/test_go.sh: go vet, and the package's tests, also under the race detector, as TAP. $GO_PACKAGE is the package's
# directory, as the build has it.
. "$TEST_SOURCE_DIR/checks/tap.sh"

cd "$GO_PACKAGE" || exit 1

# gpt.pc may need packages that only the user's directories have.
keeps_directories() {
    case $GO in
    *"/pkgconfig:${PKG_CONFIG_PATH:-}"*) ;;
    *) return 1 ;;
    esac
}

expect "go looks where the user's PKG_CONFIG_PATH says" keeps_directories
# What SWIG writes is not held to vet's rules.
expect "go vet" $GO vet ./gpt ./examples/...
expect "gofmt has nothing to change" test -z "$($GOFMT -l gpt/*.go gpt/internal/core/hook.go examples)"
expect "go test" $GO test -count=1 ./gpt
# Up to Go 1.20 the checks are chosen when a program runs, since then when it is built.
case $($GO env GOVERSION) in
go1.19* | go1.20*) checks=GODEBUG=cgocheck=2 ;;
*) checks=GOEXPERIMENT=cgocheck2 ;;
esac
expect "go test with all checks of what C gets" env $checks $GO test -count=1 -run "Text|Logits" ./gpt
# Not all platforms have the race detector, and it needs a library that not all packages of Go bring.
printf 'package main\n\nfunc main() {}\n' >"$scratch/main.go"
if $GO build -race -o "$scratch/main" "$scratch/main.go" >/dev/null 2>&1; then
    expect "go test -race" $GO test -count=1 -race ./gpt
else
    skip "go test -race" "$($GO version) has no race detector here"
fi
finish
