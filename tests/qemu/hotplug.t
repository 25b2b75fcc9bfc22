#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Debian guest with 8 virtual CPUs on 4: each of CPUs 1 to 7 goes off and on again through /sys, 20 rounds, while four busy
# loops run. ROUNDS chooses another number.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"
rounds=${ROUNDS:-20}

{
    boot_steps
    cat <<END
send online() { echo \$2 >/sys/devices/system/cpu/cpu\$1/online || echo FAULT-\$1-\$2; }\n
send is() { [ "\$(cat /sys/devices/system/cpu/cpu\$1/online)" = \$2 ] || echo FAULT-\$1-\$2; }\n
send both() { online \$1 0; is \$1 0; online \$1 1; is \$1 1; }\n
send all() { for c in 1 2 3 4 5 6 7; do \$1 \$c \$2; done; }\n
send for i in 1 2 3 4; do while :; do :; done & done\n
send for r in \$(seq $rounds); do all both; echo ROUND=\$r; done; echo MARK-\$((1))\n
wait 900 MARK-1
send all online 0; echo "left=\$(nproc)"; all online 1; echo "back=\$(nproc)"; echo MARK-\$((2))\n
wait 300 MARK-2
send kill \$(jobs -p); dmesg -r | grep -E '^<[0-4]>'; echo MARK-\$((3))\n
wait 60 MARK-3
send poweroff\n
end 60 0
END
} >"$work/hotplug.steps"

drive hotplug 8 --cpus 4 --timeout 1400
drove hotplug $? "8 CPUs on 4 go off and on in $rounds rounds, and the machine powers off"
text=$(tr -d '\r' <"$work/hotplug.out")
is "$(printf "%s\n" "$text" | grep -a -c '^ROUND=')" "$rounds" "every round came to its end"
is "$(printf "%s\n" "$text" | grep -a '^FAULT' | head -n 5)" "" "each CPU did what it was told"
is "$(printf "%s\n" "$text" | grep -a -E '^(left|back)=')" "left=1
back=8" "all of them at once, too"
# Linux 6.12 says this about once in 180 rounds, and no cause on our side was found: docs/status.md keeps it among the known faults. A run
# in which it came says so; its other warnings are not looked at.
if printf "%s\n" "$text" | grep -a -q 'Dying CPU not properly vacated'; then
    echo "# known fault, see docs/status.md: Dying CPU not properly vacated"
else
    is "$(warnings "$work/hotplug.out")" "" "no warning in dmesg"
fi
no_errors "$work/hotplug.out" "hotplug"
finish
