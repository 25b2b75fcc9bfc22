#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Links the hypervisor with a table of its own functions' names, by which a panic prints its backtrace.
#
# usage: link-hv.sh OUTPUT SCRATCH-DIR "CC FLAGS" LD NM "LD FLAGS" OBJECTS...
#
# The table is section .symtab_ashlar: symbol_count, symbol_offsets[] (ascending, from the image's first byte) and
# symbol_names[] (NUL-terminated, in the same order). It is linked empty first, then with what nm found; where the larger
# table moved something, once more with the table of the second pass. A table that is still wrong fails the link.
set -eu
output=$1 scratch=$2 cc=$3 ld=$4 nm=$5 flags=$6
shift 6
mkdir -p "$scratch"

# The functions of an image, as "OFFSET NAME", sorted: what lies in sections of code, without local labels and
# mapping symbols. The image's first byte is at address 0.
functions() {
    $nm --defined-only --numeric-sort "$1" | awk '$2 ~ /^[tT]$/ && $3 !~ /^[$.]/ { print $1, $3 }'
}

table() {
    awk '
        BEGIN { n = 0 }
        { if ("x" $1 != last) { offset[n] = substr($1, 9); name[n++] = $2 } last = "x" $1 }
        END {
            print ".section .symtab_ashlar, \"a\", %progbits"
            print ".balign 4\n.globl symbol_count, symbol_offsets, symbol_names"
            print "symbol_count: .4byte " n + 0
            print "symbol_offsets:"
            for (i = 0; i < n; i++) print "    .4byte 0x" offset[i]
            print "symbol_names:"
            for (i = 0; i < n; i++) print "    .asciz \"" name[i] "\""
            print "    .byte 0"
        }' "$1" >"$scratch/symbols.S"
    # shellcheck disable=SC2086 # words are wanted
    $cc -c -o "$scratch/symbols.o" "$scratch/symbols.S"
}

: >"$scratch/functions"
for pass in 1 2 3; do
    table "$scratch/functions"
    # shellcheck disable=SC2086
    $ld $flags -o "$scratch/hv.elf" "$@" "$scratch/symbols.o"
    functions "$scratch/hv.elf" >"$scratch/functions.now"
    if cmp -s "$scratch/functions.now" "$scratch/functions"; then
        mv "$scratch/hv.elf" "$output"
        exit 0
    fi
    mv "$scratch/functions.now" "$scratch/functions"
done
echo "link-hv.sh: functions moved in pass $pass: .symtab_ashlar must lie behind the code" >&2
exit 1
