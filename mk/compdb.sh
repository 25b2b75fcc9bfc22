#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes compile_commands.json.
# usage: compdb.sh CC OUTPUT {"FLAGS" "FILES"}...
set -eu
cc=$1 output=$2
shift 2
separator='['
{
    while [ $# -ge 2 ]; do
        flags=$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')
        for file in $2; do
            printf '%s\n{"directory": "%s", "file": "%s", "command": "%s %s -c %s"}' "$separator" "$PWD" "$file" "$cc" "$flags" "$file"
            separator=,
        done
        shift 2
    done
    [ "$separator" = , ] || printf '['
    printf '\n]\n'
} >"$output.new"
mv "$output.new" "$output"
