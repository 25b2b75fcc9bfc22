#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make install with DESTDIR and PREFIX: the command finds what it needs there, from any folder; make uninstall leaves nothing of it and
# takes nothing else.
# shellcheck source=tests/tool/lib.sh
. "$(dirname "$0")/lib.sh"
tree=$(cd "$here/../.." && pwd)
root="$work/a root"
prefix=$root/opt/ashlar

# What was built before is installed: nothing is built here, and no other make's options count.
make_target() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u ASHLAR make -C "$tree" --no-print-directory "$@" >"$work/make" 2>&1 || {
        status=$?
        sed 's/^/# /' "$work/make"
        return $status
    }
}

mkdir -p "$root/opt/other"
make_target install DESTDIR="$root" PREFIX=/opt/ashlar
ok $? "make install DESTDIR= PREFIX="
for file in bin/ashlar share/ashlar/ashlar.efi share/man/man1/ashlar.1 share/man/man5/ashlar.yaml.5 share/man/man7/ashlar-monitor.7 \
    share/bash-completion/completions/ashlar share/ashlar/examples/debian.yaml share/ashlar/guest/vmlinuz share/doc/ashlar/LICENSE; do
    [ -s "$prefix/$file" ]
    ok $? "$file"
done
is "$(find "$root" -type f ! -perm -444 | head -n 3)" "" "everybody may read it"
is "$(grep -l "$tree" "$prefix"/share/ashlar/examples/* "$prefix"/share/man/*/* "$prefix/share/bash-completion/completions/ashlar")" "" \
    "no path of the tree in it"

# Somewhere else, and as if it had been moved there.
mv "$prefix" "$work/moved"
installed=$work/moved/bin/ashlar
is "$("$installed" --version | cut -d ' ' -f 1)" "ashlar" "ashlar --version"
for file in "$work"/moved/share/ashlar/examples/*.yaml; do
    "$installed" check "$file" >said 2>&1
    ok $? "check ${file##*/}"
done
image_header >Image
configuration Image >one.yaml
"$installed" image one.yaml -o one.img >said 2>&1
ok $? "image, with the installed ashlar.efi"
sed 's/^/# /' said
# Both programs of QEMU start.
is "$("$work/moved/share/ashlar/bin/qemu-system-aarch64" --version | head -n 1 | cut -d ' ' -f 1,2)" "QEMU emulator" "the installed QEMU starts"
"$work/moved/share/ashlar/bin/qemu-img" --version >/dev/null
ok $? "and qemu-img"
mv "$work/moved" "$prefix"

make_target uninstall DESTDIR="$root" PREFIX=/opt/ashlar
ok $? "make uninstall"
is "$(cd "$root" && find . | sort | tr '\n' ' ')" ". ./opt ./opt/other " "nothing is left but what was there before"

# The rest with a build of empty files, since QEMU and the firmwares are large.
small=$work/small
mkdir -p "$small/bin" "$small/pkg/qemu" "$small/pkg/firmware"
for file in bin/ashlar bin/qemu-system-aarch64 bin/qemu-img ashlar.efi pkg/qemu/one pkg/firmware/two; do : >"$small/$file"; done
script() { (cd "$tree" && sh mk/install.sh "$@"); }
mkdir -p "$prefix/bin" "$prefix/share/man"
touch "$prefix/bin/other"
script install "$small" "$root//opt/ashlar/" && script install "$small" "$prefix"
ok $? "into a folder that others use, and once more"
script uninstall "$prefix"
is "$(cd "$prefix" && find . | sort | tr '\n' ' ')" ". ./bin ./bin/other ./share ./share/man " "what others have there stays"
script install "$small" "$work/new/one" && script uninstall "$work/new/one"
[ ! -e "$work/new" ]
ok $? "folders above that were made for it go, too"
! make_target uninstall DESTDIR="$root" PREFIX=/opt/ashlar >/dev/null
ok $? "uninstall of what is not there says so"
! make_target install DESTDIR= PREFIX=somewhere >/dev/null
ok $? "a folder that is not absolute is refused"
finish
