#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The build itself: a second make asks nothing of the network, and two clones give the same ashlar.efi byte for byte.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# Without a network of its own: root may, others where user namespaces are allowed.
offline=
for try in "unshare -n" "unshare -rn"; do
    # shellcheck disable=SC2086 # words are wanted
    [ -n "$offline" ] || ! $try true 2>/dev/null || offline=$try
done
if [ -n "$offline" ]; then
    make -C "$tree" >"$work/online.out" 2>&1
    before=$(cksum <"$build/ashlar.efi")
    # shellcheck disable=SC2086
    $offline make -C "$tree" >"$work/offline.out" 2>&1
    status=$?
    ok $status "a second make with the network off"
    [ $status = 0 ] || show "$work/offline.out"
    is "$(cksum <"$build/ashlar.efi")" "$before" "leaves ashlar.efi as it was"
else
    skip "a second make with the network off" "unshare is not allowed here"
fi

# clone NAME: of what is committed, with the downloads of this tree.
clone() {
    git -c safe.directory='*' clone -q "$tree" "$work/$1" && mkdir "$work/$1/build" && ln -s "$build/pkg" "$work/$1/build/pkg" &&
        make -C "$work/$1" build/ashlar.efi >"$work/$1.out" 2>&1
    status=$?
    ok $status "a clone builds"
    [ $status = 0 ] || show "$work/$1.out"
}
if git -c safe.directory='*' -C "$tree" rev-parse HEAD >/dev/null 2>&1; then
    clone one
    clone another-with-a-longer-name
    cmp "$work/one/build/ashlar.efi" "$work/another-with-a-longer-name/build/ashlar.efi"
    ok $? "two clones give the same ashlar.efi"
else
    skip "two clones give the same ashlar.efi" "not a git repository"
fi
finish
