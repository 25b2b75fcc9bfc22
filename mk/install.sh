#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what was built below a folder, and takes it away again. What was put there, and which folders were made for it, is written
# to share/ashlar/installed, so that uninstall leaves nothing of ours and takes nothing else.
# usage: install.sh install BUILD-DIR DEST     from the top of the tree
#        install.sh uninstall DEST
set -eu
umask 022

list=share/ashlar/installed

folder() { # TARGET
    [ ! -d "$dest/$1" ] || return 0
    case $1 in */*) folder "${1%/*}" ;; esac
    mkdir "$dest/$1"
    echo "folder $1" >>"$new"
}

put() { # MODE SOURCE TARGET
    folder "${3%/*}"
    install -m "$1" "$2" "$dest/$3"
    echo "file $3" >>"$new"
}

put_all() { # TARGET-FOLDER SOURCE...
    target=$1
    shift
    for source in "$@"; do
        [ ! -e "$source" ] || put 644 "$source" "$target/${source##*/}"
    done
}

# A folder of ours alone.
put_tree() { # SOURCE TARGET
    folder "${2%/*}"
    rm -rf "${dest:?}/$2"
    cp -R "$1" "$dest/$2"
    echo "tree $2" >>"$new"
}

# The command finds its resources in ../share/ashlar, which is laid out as build/ is.
put_everything() {
    put 755 "$build/bin/ashlar" bin/ashlar
    put 644 "$build/ashlar.efi" share/ashlar/ashlar.efi
    put 755 "$build/bin/qemu-system-aarch64" share/ashlar/bin/qemu-system-aarch64
    put 755 "$build/bin/qemu-img" share/ashlar/bin/qemu-img
    put_tree "$build/pkg/qemu" share/ashlar/pkg/qemu
    put_tree "$build/pkg/firmware" share/ashlar/pkg/firmware
    put_all share/ashlar/guest "$build/guest/vmlinuz" "$build/guest/initrd.img"
    for example in examples/*.yaml; do
        sed 's|\.\./build/guest/|../guest/|' "$example" >"$new.example"
        put 644 "$new.example" "share/ashlar/examples/${example##*/}"
    done
    for section in 1 5 7; do
        put_all "share/man/man$section" docs/man/*."$section"
    done
    put 644 tool/ashlar.bash share/bash-completion/completions/ashlar
    put_all share/doc/ashlar LICENSE README.md SECURITY.md docs/*.md
}

# DEST itself and the folders above it that had to be made are counted: a staged installation may be moved.
make_destination() {
    path=$dest
    while [ ! -d "$path" ]; do
        echo "above" >>"$new"
        path=${path%/*}
    done
    mkdir -p "$dest"
}

install_all() {
    new=$(mktemp)
    trap 'rm -f "$new" "$new.example"' EXIT
    # Folders of an installation before this one stay ours.
    [ ! -r "$dest/$list" ] || grep -E '^(folder |above)' "$dest/$list" >"$new" || :
    make_destination
    put_everything
    echo "file $list" >>"$new"
    install -m 644 "$new" "$dest/$list"
}

uninstall_all() {
    [ -r "$dest/$list" ] || {
        echo "ashlar: nothing was installed in $dest (there is no $dest/$list)" >&2
        exit 1
    }
    copy=$(mktemp)
    trap 'rm -f "$copy"' EXIT
    cp "$dest/$list" "$copy"
    while read -r kind target; do
        case $kind in
        file) rm -f "${dest:?}/$target" ;;
        tree) rm -rf "${dest:?}/$target" ;;
        esac
    done <"$copy"
    # The innermost first, and only those that nobody else uses.
    sed -n 's/^folder //p' "$copy" | sort -r | while read -r target; do
        rmdir "$dest/$target" 2>/dev/null || :
    done
    path=$dest
    grep '^above' "$copy" | while read -r _; do
        rmdir "$path" 2>/dev/null || :
        path=${path%/*}
    done
}

clean_path() { echo "$1" | sed 's|//*|/|g; s|/$||'; }

case $1 in
install)
    build=$2 dest=$(clean_path "$3")
    install_all
    ;;
uninstall)
    dest=$(clean_path "$2")
    uninstall_all
    ;;
esac
