#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The console in both directions and the guest's reset, with the guest tests/guest/console: its TAP from each boot, and what was typed.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

letters=$(awk 'BEGIN { for (i = 0; i < 500; i++) printf "%c", 48 + i % 75 }' | sed 's/[\\]/\\\\/g')
# QEMU's own PSCI has no SYSTEM_RESET2.
warm=reset2
[ -z "$bare" ] || warm=reset
cat >"$work/console.steps" <<END
wait 60 # ready
send hello\n
wait 10 # 5 characters
wait 10 : hello
wait 10 # ready
send $letters\n
wait 20 # 500 characters, 500 in order, by interrupt
wait 10 # ready
send reset\n
wait 60 # ready
send once more\n
wait 10 : once more
wait 10 # ready
send $warm\n
wait 60 # ready
send off\n
end 20 0
END
for cpu in ${CPU:-max cortex-a72}; do
    configuration console 2 64M "$build/guest/console.bin" >"$work/console.yaml"
    drive console 2 --cpus 2 --cpu "$cpu" --timeout 120
    drove console $? "$cpu: what is typed arrives, a guest resets twice and powers off"
    guest_tap "$cpu console" "$work/console.out"
    is "$(grep -a -c '^# seed ' "$work/console.out")" 3 "$cpu: it booted three times"
    is "$(grep -a '^# seed ' "$work/console.out" | sort -u | wc -l)" 3 "$cpu: each time with another seed"
    no_errors "$work/console.out" "$cpu console"
done
finish
