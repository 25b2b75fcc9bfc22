#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every file of ours names its licence in its first lines; none has tabs where the style says spaces, spaces at a line's end,
# or an address of a package mirror.
set -euo pipefail
faults=0
fault() {
    echo "$1" >&2
    faults=$((faults + 1))
}

files() {
    git -c safe.directory='*' ls-files --cached --others --exclude-standard 2>/dev/null || find . -path ./build -prune -o -type f -print
}

while IFS= read -r file; do
    [[ -f $file ]] || continue
    case $file in
    LICENSE | *.md | *.patch | *.json | .gitignore | tests/golden/* | tests/*/golden/* | tests/fuzz/corpus/* | tests/tool/data/* | *.bin | *.dtb) continue ;;
    esac
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || fault "$file:1: no SPDX-License-Identifier"
    case $file in
    *.c | *.h | *.S | *.sh | *.lds)
        ! grep -qP '\t' "$file" || fault "$file: tabs"
        ;;
    esac
    ! grep -qnP ' +$' "$file" || fault "$file: spaces at the end of line $(grep -nP ' +$' "$file" | head -n 1 | cut -d: -f1)"
    ! grep -qE 'deb\.debian\.org|snapshot\.debian\.org|ftp\.[a-z.]*debian\.org' "$file" || fault "$file: names a package mirror"
done < <(files)
((faults == 0)) || {
    echo "lint-text: $faults faults" >&2
    exit 1
}
