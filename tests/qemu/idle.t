#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An idle machine with an idle guest uses under 5 % of one core of the machine that runs QEMU. SECONDS_MEASURED and
# SECONDS_SETTLED choose other times than a minute after half a minute.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"
measured=${SECONDS_MEASURED:-60}
settled=${SECONDS_SETTLED:-30}

# What QEMU has used; under ASHLAR_BARE the driven process is QEMU itself.
cat >"$work/stat.sh" <<'END'
child=$(cat "/proc/$CHILD/task/$CHILD/children" 2>/dev/null)
child=${child%% *}
cat "/proc/${child:-$CHILD}/stat" >"$1"
END
{
    boot_steps
    cat <<END
pause $settled
run sh $work/stat.sh $work/before
pause $measured
run sh $work/stat.sh $work/after
send poweroff\n
end 60 0
END
} >"$work/idle.steps"

drive idle 2 --timeout 600
drove idle $? "an idle guest boots, waits and powers off"

# Clock ticks in user and system mode: fields 14 and 15 of /proc/PID/stat, behind the name in parentheses.
ticks() {
    sed 's/.*) //' "$1" | awk '{ print $12 + $13 }'
}
name=$(sed 's/^[0-9]* (\(.*\)) .*/\1/' "$work/after")
case $name in
*qemu* | ld-linux*) ok 0 "the process measured is QEMU ($name)" ;;
*) ok 1 "the process measured is QEMU ($name)" ;;
esac
permille=$(($(ticks "$work/after") - $(ticks "$work/before")))
permille=$((permille * 1000 / ($(getconf CLK_TCK) * measured)))
[ "$permille" -lt 50 ]
ok $? "it uses $((permille / 10)).$((permille % 10)) % of a core over $measured s"
finish
