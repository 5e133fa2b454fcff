#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# packaging/packages.sh: the Debian packages, built and used in clean roots. Run it as root, before a release; it takes
# about twenty minutes for each release of Debian, and 4 GB of disk.
#
#   packages.sh [--mirror URL] [--apt-conf DIRECTORY] [--work DIRECTORY] [--reproducible] [RELEASE...]
#
# RELEASE is bookworm, trixie or sid; without one, all three. For each it makes a clean root with debootstrap, builds
# source and binary packages from what is committed, runs lintian, installs them into a second clean root, runs their
# autopkgtests there, removes them and looks for what is left. In a third root, without a compiler, gpt-cli streams a
# story. With --reproducible the packages are built a second time, elsewhere and later, and must be the same.
#
# Without --mirror it is debootstrap's own. --apt-conf has settings of apt that the roots need to reach it. It prints
# what it does, ends with a line for each step, and fails when one has failed. Logs are in the work directory.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
mirror=
work=/var/tmp/libgpt-packages
apt_conf=
reproducible=
releases=

while [ $# -gt 0 ]; do
    case "$1" in
    --mirror) mirror=$2 && shift ;;
    --apt-conf) apt_conf=$2 && shift ;;
    --work) work=$2 && shift ;;
    --reproducible) reproducible=yes ;;
    -*) sed -n '3,15s/^# \{0,1\}//p' "$0" && exit 2 ;;
    *) releases="$releases $1" ;;
    esac
    shift
done
releases=${releases:-bookworm trixie sid}

failed=0
summary=
root=

# step NAME COMMAND...: runs it, and keeps what it prints in a log.
step() {
    local name=$1 log begin=$SECONDS result=ok
    shift
    log=$work/logs/$release-${name// /-}.log
    echo "-- $release: $name"
    if ! "$@" >"$log" 2>&1; then
        result=FAILED
        failed=1
        tail -n 40 "$log"
    fi
    summary+="$release: $name: $result ($((SECONDS - begin)) s)"$'\n'
    [ "$result" = ok ]
}

# in_root COMMAND...: nothing of the caller's environment goes in.
in_root() {
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@"
}

unmount() {
    for directory in proc sys dev/pts dev/shm; do
        mountpoint -q "$1/$directory" && umount -l "$1/$directory"
    done
    return 0
}

# use_root NAME: a copy of the release's base, with its mounts. Leaves nothing of an earlier one.
use_root() {
    root=$work/$release-$1
    unmount "$root"
    rm -rf "$root"
    cp -a "$work/$release-base" "$root"
    mount -t proc proc "$root/proc" && mount -t sysfs sys "$root/sys" && mount -t tmpfs tmpfs "$root/dev/shm" &&
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" && ln -sf pts/ptmx "$root/dev/ptmx"
}

make_base() {
    local base=$work/$release-base
    [ ! -e "$base/.complete" ] || return 0
    rm -rf "$base"
    debootstrap --variant=minbase "$release" "$base" ${mirror:+"$mirror"} || return 1
    cp /etc/resolv.conf "$base/etc/resolv.conf"
    [ -z "$apt_conf" ] || cp "$apt_conf"/* "$base/etc/apt/apt.conf.d/"
    printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d" && chmod +x "$base/usr/sbin/policy-rc.d"
    root=$base
    in_root apt-get update && in_root apt-get -y upgrade && touch "$base/.complete"
}

install() {
    in_root apt-get install -y --no-install-recommends "$@"
}

# What is committed, as a release has it: the tarball of make dist, and debian/ beside it.
make_source() {
    mkdir -p "$root/build/git"
    git -C "$top" archive HEAD | tar -x -C "$root/build/git" || return 1
    install build-essential autoconf automake libtool fakeroot || return 1
    in_root sh -c 'cd /build/git && apt-get build-dep -y ./' || return 1
    in_root sh -c 'cd /build/git && autoreconf -i && ./configure --quiet && make -s dist' || return 1
    version=$(sed -n 's/^AC_INIT(\[libgpt\], \[\(.*\)\])$/\1/p' "$top/configure.ac")
    in_root sh -c "cd /build && mv git/libgpt-$version.tar.xz libgpt_$version.orig.tar.xz &&
        tar -xf libgpt_$version.orig.tar.xz && cp -r git/debian libgpt-$version/"
}

build_packages() {
    in_root sh -c "cd /build/libgpt-$version && DEB_BUILD_OPTIONS=parallel=2 dpkg-buildpackage -us -uc"
}

run_lintian() {
    install lintian || return 1
    in_root sh -c 'cd /build && lintian --fail-on error,warning --show-overrides --tag-display-limit 0 *.changes'
}

keep_packages() {
    rm -rf "$work/$release-packages"
    mkdir -p "$work/$release-packages"
    cp "$root"/build/*.deb "$root"/build/*.dsc "$root"/build/*.tar.* "$work/$release-packages"
}

# The same source in another directory, some minutes later.
build_again() {
    in_root sh -c "mkdir -p /tmp/elsewhere/deeper && cd /tmp/elsewhere/deeper &&
        dpkg-source -x /build/libgpt_$version-1.dsc again && cd again &&
        DEB_BUILD_OPTIONS='parallel=2 nocheck' TZ=Pacific/Apia dpkg-buildpackage -us -uc -b" || return 1
    in_root sh -c 'cd /build && for package in *.deb; do cmp "$package" "/tmp/elsewhere/deeper/$package" || exit 1; done
        sha256sum *.deb'
}

# autopkgtest installs the packages that each test needs, and runs it there.
run_autopkgtests() {
    mkdir -p "$root/packages"
    cp "$work/$release-packages"/* "$root/packages"
    install autopkgtest || return 1
    in_root sh -c 'cd /packages && autopkgtest *.deb libgpt_*.dsc -- null'
}

install_all() {
    in_root sh -c 'apt-get install -y --no-install-recommends $(ls /packages/*.deb | grep -v dbgsym)' || return 1
    in_root sh -c 'dpkg -l | grep gpt' || return 1
    in_root sh -c "dpkg-query -W -f '\${Package}\n' | grep gpt | xargs dpkg -L | sort -u >/tmp/files"
}

# No file of the packages is left, nor any other with this name.
remove_all() {
    in_root sh -c "dpkg-query -W -f '\${Package}\n' | grep gpt | xargs apt-get purge -y" || return 1
    in_root sh -c 'while read -r file; do
            if [ -e "$file" ] && ! [ -d "$file" ]; then echo "left: $file"; exit 1; fi
        done </tmp/files
        left=$(find /usr /etc /var/lib -path /var/lib/apt -prune -o \
            "(" -name "gpt*" -o -name "_gpt*" -o -name "*libgpt*" -o -name "*-gpt" ")" -print)
        echo "$left"; test -z "$left"'
}

# A user's system: no compiler, and only what gpt-cli depends on.
tell_story() {
    mkdir -p "$root/packages"
    cp "$work/$release-packages"/*.deb "$root/packages"
    in_root sh -c 'cd /packages && apt-get install -y --no-install-recommends ./libgpt1_*.deb ./libgpt-tools_*.deb \
        ./libgpt-models-storyteller_*.deb' || return 1
    in_root sh -c '! command -v cc gcc clang'  || return 1
    in_root gpt-cli --version || return 1
    in_root gpt-cli --seed 7 "Once upon a time" | tee "$work/$release-story.txt"
    [ "$(wc -c <"$work/$release-story.txt")" -gt 100 ]
}

check_release() {
    step "clean root" make_base || return
    use_root build
    step "source" make_source && step "build" build_packages || return
    in_root dpkg-query -W -f '${Package} ${Version}\n' libdnnl-dev swig
    keep_packages
    # The standards of what is oldest are not those that the packages follow.
    [ "$release" = bookworm ] || step "lintian" run_lintian
    [ -z "$reproducible" ] || step "second build is the same" build_again
    unmount "$root"
    use_root install
    step "autopkgtests" run_autopkgtests
    step "installation of all" install_all
    step "removal leaves nothing" remove_all
    unmount "$root"
    use_root user
    step "a story without a compiler" tell_story
    unmount "$root"
}

[ "$(id -u)" = 0 ] || { echo "packages.sh: must be root, for chroot and mount" >&2; exit 2; }
mkdir -p "$work/logs"
for release in $releases; do
    check_release
done
echo
printf '%s' "$summary"
exit $failed
