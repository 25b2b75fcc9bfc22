#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The order of hv/'s folders (docs/architecture.md): a file includes its own folder, arch/, lib/, include/ashlar and folders
# to the left; trap/ and dev/ never each other; file names are unique in the tree.
set -euo pipefail
faults=0

fault() {
    echo "$1" >&2
    faults=$((faults + 1))
}

# What arch/ and lib/ may use themselves: each other, and nothing of the hypervisor above them.
order=(arch lib platform mem fw cpu sched drivers vm trap dev monitor)
declare -A rank
for i in "${!order[@]}"; do rank[${order[$i]}]=$i; done
rank[arch]=0
rank[lib]=0

check_include() { # FILE LINE OWN-FOLDER INCLUDED
    local file=$1 line=$2 own=$3 path=$4 folder=${4%%/*}
    [[ $path == */* ]] || {
        [[ $own == arch || $path == version.h ]] || fault "$file:$line: \"$path\": name it by its path from hv/"
        return 0
    }
    [[ $folder != ashlar ]] || return 0
    [[ -n ${rank[$folder]+set} ]] || {
        fault "$file:$line: \"$path\": not a folder of hv/"
        return 0
    }
    if ((rank[$folder] > rank[$own])); then
        fault "$file:$line: $own/ includes \"$path\", a folder to its right"
    elif [[ $own == dev && $folder == trap ]]; then
        fault "$file:$line: trap/ and dev/ meet in the tables of vm/, they do not include each other"
    fi
}

if [[ -d hv ]]; then
    while IFS=: read -r file line text; do
        # The composition root: its files call all folders.
        [[ $file != hv/*.[ch] || $file == hv/*/* ]] || continue
        own=${file#hv/}
        own=${own%%/*}
        [[ -n ${rank[$own]+set} ]] || {
            fault "$file:$line: not in a folder of hv/"
            continue
        }
        path=${text#*\"}
        check_include "$file" "$line" "$own" "${path%%\"*}"
    done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' hv --include='*.[chS]' || true)

    # hv/ has no C library: only the headers of a freestanding implementation, libfdt's and BearSSL's.
    # arch/host/ models the machine on the build machine, where there is one.
    while IFS=: read -r file line text; do
        fault "$file:$line: $text: not a freestanding header"
    done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' hv --include='*.[ch]' | grep -v '^hv/arch/host/' |
        grep -vE '<(stdint|stddef|stdbool|stdarg|stdnoreturn|limits|libfdt|fdt|bearssl(_[a-z]+)?)\.h>' || true)

    while read -r name; do
        fault "file name is not unique: $name: $(find hv boot tool include -name "$name" | tr '\n' ' ')"
    done < <(find hv boot tool include -type f -name '*.[chS]' 2>/dev/null | grep -v '^hv/arch/\(host\|aarch64\)/' |
        sed 's|.*/||' | sort | uniq -d)
fi
((faults == 0)) || {
    echo "lint-includes: $faults faults" >&2
    exit 1
}
