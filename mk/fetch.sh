#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks Debian packages privately below build/pkg/, beside the machine's own packages and without root.
#
# usage: fetch.sh DIR qemu|firmware|src|guest
#
# A private apt root in DIR/apt has its own source list (the machine's Debian mirror, or $ASHLAR_DEBIAN_MIRROR, with Debian
# 13's suites), its own lists and an empty dpkg status, so that dependencies are resolved completely and nothing is
# installed. apt checks signatures and hashes. Results: DIR/qemu, DIR/firmware, DIR/src, DIR/guest.
set -eu
umask 022

dir=$1
what=$2
mkdir -p "$dir/apt" "$dir/stamp"
dir=$(cd "$dir" && pwd)
root=$dir/apt
log=$root/log.$what
suite=trixie
# Debian 13's edk2 runs with HCR_EL2.E2H at 1 on processors with FEAT_VHE, which the loader refuses; Debian 12's does not.
edk2_suite=bookworm
machine=$(dpkg --print-architecture)

die() {
    echo "ashlar: $*" >&2
    exit 1
}

# The repositories of this machine's apt, in either style of source list: "URI RELEASE COMPONENT".
machine_repositories() {
    # shellcheck disable=SC2016 # the $(...) are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null | sort -u
}

# Debian's own archive among them: suite of a release, component main; a path that ends in /debian wins over others.
find_mirror() {
    if [ -n "${ASHLAR_DEBIAN_MIRROR:-}" ]; then
        echo "$ASHLAR_DEBIAN_MIRROR"
        return
    fi
    machine_repositories | awk '
        $3 != "main" || $1 ~ /^cdrom:/ { next }
        $2 !~ /^(bookworm|trixie|stable|oldstable)$/ { next }
        $1 ~ /\/debian\/?$/ && !best { best = $1 }
        !any { any = $1 }
        END { print best ? best : any }'
}

# The key ring that the machine names for that mirror, else Debian's, else whatever apt trusts by itself.
find_keyring() {
    awk -v mirror="${1%/}" '
        function use(path) { if (path ~ /^\// && !found) { print path; found = 1 } }
        FNR == 1 { stanza = 0 }
        /^[[:space:]]*$/ { stanza = 0; key = "" }
        tolower($1) == "uris:" { for (i = 2; i <= NF; i++) { u = $i; sub(/\/$/, "", u); if (u == mirror) stanza = 1 } }
        tolower($1) == "signed-by:" { key = $2 }
        stanza && key { use(key) }
        /^deb[[:space:]]*\[/ && index($0, mirror) && match($0, /signed-by=[^] ,]*/) { use(substr($0, RSTART + 10, RLENGTH - 10)) }
    ' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || :
}

write_root() {
    mirror=$(find_mirror)
    [ -n "$mirror" ] || die "no Debian mirror in this machine's apt configuration; name one: make ASHLAR_DEBIAN_MIRROR=http://MIRROR/debian"
    keyring=$(find_keyring "$mirror")
    for candidate in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
        [ -n "$keyring" ] || [ ! -r "$candidate" ] || keyring=$candidate
    done
    option=
    [ -z "$keyring" ] || option="[signed-by=$keyring] "
    mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/state"
    : >"$root/status"
    {
        echo "deb ${option}$mirror $suite main"
        echo "deb ${option}$mirror $suite-backports main"
        echo "deb ${option}$mirror $edk2_suite main"
        echo "deb-src ${option}$mirror $suite main"
    } >"$root/sources.list"
    {
        echo "Dir::State \"$root/state\"; Dir::State::lists \"$root/lists\"; Dir::State::status \"$root/status\";"
        echo "Dir::Cache \"$root/cache\"; Dir::Etc::sourcelist \"$root/sources.list\";"
        echo "Dir::Etc::sourceparts \"/dev/null\"; Dir::Etc::preferences \"/dev/null\"; Dir::Etc::preferencesparts \"/dev/null\";"
        echo "APT::Architecture \"$machine\"; APT::Architectures { \"$machine\"; \"arm64\"; };"
        echo "Acquire::Languages \"none\"; Acquire::Retries \"3\";"
        # What the machine's configuration runs around apt is for its own packages.
        echo "#clear APT::Update::Pre-Invoke; #clear APT::Update::Post-Invoke; #clear APT::Update::Post-Invoke-Success;"
        [ "$(id -u)" != 0 ] || echo 'APT::Sandbox::User "root";'
    } >"$root/apt.conf"
}

apt() {
    apt_command=$1
    shift
    "apt-$apt_command" -c "$root/apt.conf" "$@"
}

apt_update() {
    echo "  APT      reading the package lists of Debian's $suite"
    if ! apt get -q update >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die "the package lists could not be read from $(sed -n '1s/.*\] //;1s/^deb //;1s/ .*//p' "$root/sources.list"); is the network up?"
    fi
}

# $1: empty directory to download into; the rest: apt-get's arguments. Lists that went stale are read again, once.
apt_download() {
    target=$1
    shift
    for round in 1 2; do
        rm -rf "$target"
        mkdir -p "$target/partial"
        # shellcheck disable=SC2015 # both have to succeed
        (cd "$target" && apt get -q -y -o "Dir::Cache::archives=$target" "$@") >"$log" 2>&1 && return 0
        [ "$round" = 2 ] || apt_update
    done
    tail -n 10 "$log" >&2
    die "the download for $what failed (see above)"
}

unpack() {
    for package in "$1"/*.deb; do
        dpkg -x "$package" "$2"
    done
}

# A QEMU of the machine's own is used when it is new enough: the first whose WFE traps to EL2.
system_qemu() {
    found=$(command -v qemu-system-aarch64) && command -v qemu-img >/dev/null || return 1
    "$found" --version | sed -n 's/^QEMU emulator version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | {
        read -r major minor && { [ "$major" -gt 11 ] || { [ "$major" -eq 11 ] && [ "$minor" -ge 1 ]; }; }
    }
}

# QEMU of the backports with every library it needs, started through its own dynamic linker.
fetch_qemu() {
    if system_qemu; then
        rm -rf "$dir/qemu"
        mkdir -p "$dir/qemu"
        dirname "$(command -v qemu-system-aarch64)" >"$dir/qemu/system"
        return 0
    fi
    echo "  FETCH    QEMU (40 MB)"
    apt_download "$root/qemu" -t "$suite-backports" install --download-only --no-install-recommends qemu-system-arm qemu-utils
    rm -rf "$dir/qemu"
    mkdir -p "$dir/qemu"
    unpack "$root/qemu" "$dir/qemu"
    # Not needed to run: documentation, and the machine's own maintenance files.
    rm -rf "$dir/qemu/usr/share/doc" "$dir/qemu/usr/share/man" "$dir/qemu/usr/share/locale" "$dir/qemu/var"
}

# The firmware files only, under the names that the packages give them.
fetch_firmware() {
    echo "  FETCH    firmwares: edk2 and U-Boot (20 MB)"
    apt_download "$root/firmware" install --download-only --no-install-recommends "qemu-efi-aarch64/$edk2_suite" u-boot-qemu
    rm -rf "$root/unpacked" "$dir/firmware"
    mkdir -p "$root/unpacked" "$dir/firmware"
    unpack "$root/firmware" "$root/unpacked"
    cp -L "$root/unpacked/usr/share/AAVMF/AAVMF_CODE.fd" "$dir/firmware/AAVMF_CODE.fd"
    cp -L "$root/unpacked/usr/share/AAVMF/AAVMF_VARS.fd" "$dir/firmware/AAVMF_VARS.fd"
    cp -L "$root/unpacked/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$dir/firmware/u-boot.bin"
    rm -rf "$root/unpacked"
}

# Upstream's released sources as Debian carries them: src/dtc, src/bearssl.
fetch_src() {
    echo "  FETCH    sources: libfdt, BearSSL"
    apt_download "$root/src" source --download-only --tar-only "device-tree-compiler/$suite" "bearssl/$suite"
    rm -rf "$dir/src"
    for name in dtc:device-tree-compiler bearssl:bearssl; do
        mkdir -p "$dir/src/${name%%:*}"
        tar -xf "$root/src/${name#*:}"_*.orig.tar.* -C "$dir/src/${name%%:*}" --strip-components=1
    done
}

# Debian's arm64 kernel and a static busybox, without their dependencies: nothing of them runs here.
fetch_guest() {
    echo "  FETCH    arm64 guest: Debian's kernel and busybox (110 MB)"
    kernel=$(apt cache depends linux-image-arm64:arm64/"$suite" 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9][^:]*\).*/\1/p' | head -n 1)
    [ -n "$kernel" ] || die "no linux-image-arm64 in $suite"
    apt_download "$root/guest" download "$kernel:arm64" "busybox-static:arm64/$suite"
    rm -rf "$root/unpacked" "$dir/guest"
    mkdir -p "$root/unpacked" "$dir/guest"
    unpack "$root/guest" "$root/unpacked"
    cp "$root/unpacked/boot/vmlinuz-"* "$dir/guest/vmlinuz"
    cp "$root/unpacked/usr/bin/busybox" "$dir/guest/busybox" 2>/dev/null ||
        cp "$root/unpacked/bin/busybox" "$dir/guest/busybox"
    echo "$kernel" >"$dir/guest/kernel-name"
    rm -rf "$root/unpacked"
}

case $what in
qemu | firmware | src | guest) ;;
*) die "fetch.sh: unknown: $what" ;;
esac

command -v apt-get >/dev/null || die "apt-get is needed to unpack Debian's packages"
# One at a time: apt's lists are shared.
exec 9>"$root/lock"
flock 9
if [ ! -s "$root/sources.list" ] || [ -z "$(find "$root/lists" -name '*_InRelease' 2>/dev/null)" ]; then
    write_root
    apt_update
else
    write_root
fi
"fetch_$what"
rm -rf "${root:?}/$what" "$root/cache" "$log"
