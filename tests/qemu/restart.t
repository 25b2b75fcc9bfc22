#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# VMs that end and begin again and again on two CPUs that others keep busy: by their own reset, by crashes, by the monitor, from every state.
# Each boot finds cleared memory and a machine as after power-on (tests/guest/restart); at the end no page is missing. ROUNDS=40 of each
# kind.
# SOAK: 500 of each kind; an instruction is a nanosecond, and none may have become slower; Debian is reset five times.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

soak=${SOAK:-}
rounds=${ROUNDS:-${soak:+500}}
rounds=${rounds:-40}
guest=$build/guest/restart.bin

if [ -n "$bare" ]; then
    echo "1..0 # SKIP the monitor is Ashlar's"
    exit 0
fi

# vm NAME CPUS KERNEL ARGUMENTS MORE...: one more VM of 16 MiB in the configuration.
vm() {
    vm_name=$1 vm_cpus=$2 vm_kernel=$3 vm_arguments=$4
    shift 4
    configuration "$vm_name" "$vm_cpus" 16M "$vm_kernel" "cmdline: $vm_arguments" "$@" | tail -n +2
}

{
    printf 'host:\n  console: all\n  when_idle: monitor\nvms:\n'
    vm load1 1 "$build/guest/checker.bin" "seconds=1000000"
    vm load2 1 "$build/guest/checker.bin" "seconds=1000000"
    vm resetter 2 "$guest" "end=1 us=300" "autostart: false"
    vm crasher 2 "$guest" "end=2 us=300" "autostart: false" "on_crash: restart"
    vm leaver 3 "$guest" "end=4 us=300" "autostart: false" "on_crash: restart"
    vm held 2 "$guest" "end=2 us=300" "autostart: false" "on_crash: hold"
    vm target 2 "$guest" "end=0" "autostart: false" "stop_timeout: 50ms"
} >"$work/restart.yaml"

# repeat N COMMAND...
repeat() {
    repeat_left=$1
    shift
    while [ "$repeat_left" -gt 0 ]; do
        "$@"
        repeat_left=$((repeat_left - 1))
    done
}

begin() {
    printf 'send start %s\\n\nwait 60 [%s] # up\n' "$1" "$1"
}

end() {
    printf 'send stop -f %s\\n\nwait 60 %s: off\n' "$1" "$1"
}

begin_and_end() {
    begin "$1"
    end "$1"
}

# Off, started, paused, resumed, reset, paused again, and stopped as it is.
life() {
    begin target
    printf 'send %s target\\n\nwait 60 target: %s\n' pause paused resume resumed
    printf 'send reset target\\n\nwait 60 [target] # up\n'
    printf 'send pause target\\n\nwait 60 target: paused\n'
    end target
}

revive() {
    printf 'send reset held\\n\nwait 60 [held] # up\nwait 60 held: held\n'
}

memory() {
    printf 'send mem -j\\n\nwait 20 "owner":"target","bytes":0}\n'
}

{
    echo 'wait 240 [load2] # up'
    # What is allocated once, is by then.
    for name in resetter crasher leaver target; do
        begin_and_end "$name"
    done
    memory
    for name in resetter crasher leaver; do
        begin "$name"
    done
    for name in resetter crasher leaver; do
        repeat "$rounds" echo "wait 60 [$name] # up"
        end "$name"
    done
    repeat "$rounds" life
    # Its guest does not look at the button; then the power goes.
    begin target
    printf 'send stop target\\n\nwait 60 target: stopped: its guest did not power off\nwait 60 target: off\n'
    # What was held is there for looking at, until it is reset or stopped.
    begin held
    echo 'wait 60 held: held'
    printf 'send stats held\\n\nwait 20 held: held, 2 of 2 vCPUs on\nwait 20 data_abort\n'
    printf 'send log held\\n\nwait 20 crashed: its exception vectors are not in its memory\n'
    printf 'send resume held\\n\nwait 20 held: not now: it is held\n'
    repeat 5 revive
    printf 'send stop held\\n\nwait 60 held: off\n'
    memory
    printf 'send poweroff -f\\n\nend 60 0\n'
} >"$work/restart.steps"

drive_limit=5400
drive restart 2 --cpus 2 --cpu "${CPU:-max}" ${soak:+--icount} --timeout $((240 + 10 * rounds))
drove restart $? "$rounds rounds of each: reset, crash, all CPUs off, and the monitor's commands"
tr -d '\r' <"$work/restart.out" | sed 's/.*ashlar> .\[K//' >"$work/restart.log"
for name in resetter crasher leaver target; do
    ups=$(grep -c "^\[$name\] # up" "$work/restart.log")
    [ "$ups" -ge "$rounds" ]
    ok $? "$name: $ups boots"
done
is "$(grep -E '^\[[a-z0-9]+\] (Bail out|not ok)' "$work/restart.log")" "" \
    "each finds its memory cleared and its machine as after power-on; the load finds its own as it left it"
owners='free|.cpus.|.hypervisor.|.tables.|resetter|crasher|leaver|held|target'
grep -E "^\{\"owner\":\"($owners)\"" "$work/restart.log" | sed 's/,$//' >"$work/owners"
is "$(awk 'NR > 9' "$work/owners")" "$(awk 'NR <= 9' "$work/owners")" "every page is back where it was"
is "$(wc -l <"$work/owners")" 18 "and the monitor said so twice"

# slower NAME: from one boot to the next, the middle of the last quarter in per cent of the middle of the first.
slower() {
    sed -n "s/^\[$1\] # up //p" "$work/restart.log" | awk 'NR > 1 { print $1 - last } { last = $1 }' >"$work/starts"
    quarter=$(($(wc -l <"$work/starts") / 4))
    first=$(head -n "$quarter" "$work/starts" | sort -n | sed -n "$((quarter / 2 + 1))p")
    last=$(tail -n "$quarter" "$work/starts" | sort -n | sed -n "$((quarter / 2 + 1))p")
    echo $((100 * last / (first + 1)))
}
percent=$(slower target)
echo "# a round of the last quarter took $percent % of one of the first"
[ -z "$soak" ] || [ "$percent" -lt 120 ]
ok $? "starting, pausing, resetting and stopping have not become slower"
no_errors "$work/restart.out" restart

if [ -n "$soak" ]; then
    {
        printf 'host:\n  console: debian\n'
        debian_configuration 2
        vm load1 1 "$build/guest/checker.bin" "seconds=1000000"
    } >"$work/debian.yaml"
    {
        boot_steps
        again() {
            printf 'send reboot -f\\n\n'
            boot_steps
        }
        repeat 2 again
        again() {
            printf 'send \\x1d\nsend reset debian\\n\nsend console debian\\n\n'
            boot_steps
        }
        repeat 3 again
        printf 'send \\x1d\nsend mem\\n\nwait 20 load1\nsend poweroff -f\\n\nend 120 0\n'
    } >"$work/debian.steps"
    drive debian 2 --cpus 2 --cpu "${CPU:-max}" --timeout 1400
    drove debian $? "Debian starts, and five times again"
    no_errors "$work/debian.out" Debian
fi
finish
