#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/peers.sh: libgpt beside llama.cpp, and with Debian 12's oneDNN beside unstable's, as one table. Run it as root:
# llama.cpp and oneDNN 3 come from Debian unstable, into a root of their own (2 GB), where libgpt is built once more.
#
#   peers.sh GPT_CLI [--mirror URL] [--apt-conf DIRECTORY] [--work DIRECTORY] [--rounds N]
#
# GPT_CLI is the program of a build outside. Both sides run a GPT-2 124M with random weights, whose values do not matter
# for speed. Without --mirror it is debootstrap's own. --apt-conf has settings of apt that the root needs to reach it.
# `./dev compare` runs this, with debootstrap installed and in BUILD_PACKAGES what libgpt is built with.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || { sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 2; }
: "${BUILD_PACKAGES:?names the Debian packages that libgpt is built with; ./dev compare sets it}"
gpt_cli=$(realpath "$1")
shift
mirror=
apt_conf=
work=/var/tmp/libgpt-bench
rounds=3
while [ $# -gt 0 ]; do
    case "$1" in
    --mirror) mirror=$2 ;;
    --apt-conf) apt_conf=$2 ;;
    --work) work=$2 ;;
    --rounds) rounds=$2 ;;
    *) sed -n '3,10s/^# \{0,1\}//p' "$0" && exit 2 ;;
    esac
    shift 2
done
root=$work/sid

in_root() {
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}

make_root() {
    [ ! -e "$root/.complete" ] || return 0
    rm -rf "$root"
    debootstrap --variant=minbase sid "$root" ${mirror:+"$mirror"}
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    [ -z "$apt_conf" ] || cp "$apt_conf"/* "$root/etc/apt/apt.conf.d/"
    in_root apt-get update
    # shellcheck disable=SC2086 # a list of words
    in_root apt-get install -y --no-install-recommends llama.cpp $BUILD_PACKAGES
    touch "$root/.complete"
}

# What is committed.
build_in_root() {
    rm -rf "$root/build" && mkdir -p "$root/build"
    git -C "$top" archive HEAD | tar -x -C "$root/build"
    in_root sh -c 'cd /build && autoreconf -i && ./configure --quiet --disable-static && make -s -j"$(nproc)" gpt-cli'
}

# The model has the same path inside and outside.
make_models() {
    mkdir -p "$root$work"
    [ -e "$root$work/gpt2-F32.gguf" ] || "$top/tests/bench/make_gpt2.py" "$work/gpt2" --gguf "$root$work/gpt2-F32.gguf"
    rm -rf "$root$work/gpt2" && cp -r "$work/gpt2" "$root$work/gpt2"
    for type in BF16 Q8_0 Q4_0; do
        [ -e "$root$work/gpt2-$type.gguf" ] ||
            in_root llama-quantize "$work/gpt2-F32.gguf" "$work/gpt2-$type.gguf" "$type"
    done
}

prepare() {
    make_root && build_in_root && make_models
}

mkdir -p "$work"
prepare >"$work/log" 2>&1 || { tail -n 40 "$work/log" && exit 1; }
trap 'umount -l "$root/proc" "$root/sys"' EXIT
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
"$top/tests/bench/compare_llama_cpp.py" "$work/gpt2" "f32=$work/gpt2-F32.gguf" "bf16=$work/gpt2-BF16.gguf" \
    "int8=$work/gpt2-Q8_0.gguf" "int8=$work/gpt2-Q4_0.gguf" --rounds "$rounds" \
    --gpt-cli "$gpt_cli" --gpt-cli "chroot $root /build/gpt-cli" --llama-bench "chroot $root llama-bench"
