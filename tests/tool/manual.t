#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages: man shows each without a warning, and they say what the command and the monitor say: every option, key and command.
# The completion for bash knows the same options.
# shellcheck source=tests/tool/lib.sh disable=SC2016
. "$(dirname "$0")/lib.sh"
tree=$(cd "$here/../.." && pwd)
pages=$tree/docs/man

# page FILE: as text, without hyphenation.
page() {
    MANWIDTH=200 MANPAGER=cat MAN_KEEP_FORMATTING='' man --nh --nj --warnings -E UTF-8 -l "$1" 2>"$work/warnings" >"$work/page"
}

for file in "$pages"/ashlar.1 "$pages"/ashlar.yaml.5 "$pages"/ashlar-monitor.7; do
    page "$file"
    ok $? "man shows ${file##*/}"
    is "$(cat "$work/warnings")" "" "without a warning"
    grep -q '^NAME' "$work/page" && grep -q '^SEE ALSO' "$work/page"
    ok $? "with its name and what to see also"
done

# missing WORD...: those that do not stand in the page as words of their own.
missing() {
    for word in "$@"; do
        grep -qE -e "(^|[^a-z-])$word([^a-z_-]|\$)" "$work/page" || printf '%s ' "$word"
    done
}

# options COMMAND: every option in its help.
options() {
    "$ashlar" ${1:+"$1"} --help | grep -oE '(^|[ ,[(])--?[a-z][a-z-]*' | tr -d ' ,[(' | sort -u
}

page "$pages/ashlar.1"
for command in "" init check image run; do
    # shellcheck disable=SC2046
    is "$(missing $command $(options "$command"))" "" "ashlar(1) has every option of: ashlar $command --help"
done
is "$(missing 0 1 2 3 124 128)" "" "and every exit status"

page "$pages/ashlar.yaml.5"
"$ashlar" init - >init.yaml
# shellcheck disable=SC2046
is "$(missing $(sed -nE 's/^[ #-]*([a-z_]+):( .*)?$/\1/p' init.yaml | sort -u))" "" "ashlar.yaml(5) has every key of ashlar init"
[ "$(sed -nE 's/^[ #-]*([a-z_]+):( .*)?$/\1/p' init.yaml | sort -u | wc -l)" -ge 18 ]
ok $? "which are all there are"

page "$pages/ashlar-monitor.7"
commands=$(sed -n '/^static const struct command commands/,/^};/s/^ *{"\([a-z]*\)", *"\([^"]*\)".*/\1 \2/p' "$tree/hv/monitor/commands.c")
[ "$(echo "$commands" | wc -l)" -ge 16 ]
ok $? "the monitor has commands"
lost=$(echo "$commands" | while read -r name operands; do
    grep -qF -e "       $name${operands:+ $operands}" "$work/page" || echo "$name $operands"
done)
is "$lost" "" "ashlar-monitor(7) has each with its operands"
is "$(missing Tab Up Down Left Right Home End Backspace Delete)" "" "and the keys"

# completions WORD...: what is offered after them.
completions() {
    bash -c 'compopt() { :; }
        . "$1" && shift && COMP_WORDS=(ashlar "$@") COMP_CWORD=$# && _ashlar && printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$tree/tool/ashlar.bash" "$@" | sort -u
}

is "$(completions "" | grep -v '^-' | tr '\n' ' ')" "check image init run " "bash completes the commands"
is "$(completions ru)" "run" "of which one is begun"
for command in init check image run; do
    options "$command" >wanted
    grep -v '^--help$' wanted | while read -r option; do completions "$command" "$option"; done | sort -u >offered
    is "$(comm -23 wanted offered | grep -v '^--help$' | tr '\n' ' ')" "" "and every option of $command"
done
touch Image some.yaml
is "$(completions run so)" "some.yaml" "and files"
is "$(completions run --acpi "")" "off
on" "and what an option takes"
finish
