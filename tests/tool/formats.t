#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is said to people has one form: a fault of a configuration FILE:LINE:COLUMN: error: KEY: found ..., another one of the command
# ashlar: error: ...; and the hypervisor never logs an error for what a guest can cause.
# shellcheck source=tests/tool/lib.sh
. "$(dirname "$0")/lib.sh"
tree=$(cd "$here/../.." && pwd)

# Each golden output of a refusal, to the line.
odd() { # EXIT-STATUS EXTENDED-REGULAR-EXPRESSION: lines of golden files with that status that are none of it
    grep -lx "exit status $1" "$here"/golden/*.txt | grep -v /usage-none.txt | while read -r file; do
        grep -vE -e "$2" -e '^exit status ' "$file" | sed "s|^|${file##*/}: |"
    done
}
fault='^[^ ]+:[0-9]+:[0-9]+: error: [^ ]'
general='^ashlar: (error|warning): [^ ]'
[ "$(grep -lx 'exit status 1' "$here"/golden/*.txt | wc -l)" -ge 20 ]
ok $? "there are refused configurations"
is "$(odd 1 "$fault|$general")" "" "every line that refuses one has the form"
is "$(odd 2 "$general|^try: ashlar( [a-z]+)? --help\$|^usage: ")" "" "and every line about wrong usage"
is "$(odd 3 "$general")" "" "and about what could not be started"
is "$(grep -hE "$fault" "$here"/golden/*.txt | grep -cE 'error: [a-z_.]+: found .*[,;] allowed ')" \
    "$(grep -hE "$fault" "$here"/golden/*.txt | grep -cE 'error: [a-z_.]+: found ')" "what was found is followed by what is allowed"

# Messages go through the functions that give them the form.
is "$(grep -nE 'fprintf\(stderr|perror\(|warnx?\(|errx?\(' "$tree"/tool/*.c | sed 's|.*/||' | grep -v '^tool_error.c:' |
    grep -vE '^tool_main.c:[0-9]+: +fprintf\(stderr, "try: |^tool_image.c:[0-9]+: +fprintf\(stderr, "\\r')" "" \
    "nothing else of the command writes to standard error but a progress line"
is "$(grep -rnE 'log_error\(|LOG_ERROR' "$tree/hv/dev" "$tree/hv/trap" "$tree/hv/monitor" | sed 's|.*/hv/|hv/|')" "" \
    "no error is logged by what a guest's exits reach"
is "$(grep -rnE '\blog_(error|warning|info|debug)\((NULL|"[^"a-z]|"[a-z]+[^"a-z0-9/])' "$tree/hv" --include='*.c' | sed 's|.*/hv/|hv/|')" "" \
    "a log line begins with a part's or a VM's name"
finish
