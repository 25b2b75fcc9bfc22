#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Three VMs of 2, 2 and 1 vCPUs on 2 CPUs, once with Debian and once bare-metal (tests/guest/talk): all come up, `console: all` shows them apart,
# each fills its memory with its own pattern and finds it whole after the others ran; one is stopped in the middle, the others go on, and
# it comes back. KIND="bare debian" chooses.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

if [ -n "$bare" ]; then
    echo "1..0 # SKIP one machine is not several"
    exit 0
fi

# three MEMORY KERNEL MORE...: the configuration; SEED in what is more stands for the number of the VM.
three() {
    three_memory=$1 three_kernel=$2
    shift 2
    printf 'host:\n  console: all\n  when_idle: monitor\nvms:\n'
    for vm in 'red 2 1' 'green 2 2' 'blue 1 3'; do
        # shellcheck disable=SC2086 # its words
        set -- $vm "$@"
        three_name=$1 three_cpus=$2 three_seed=$3
        shift 3
        configuration "$three_name" "$three_cpus" "$three_memory" "$three_kernel" "$@" | tail -n +2 |
            sed "s/SEED/$three_seed/"
    done
}

# on VM KEYS TEXT: types at a VM's console and waits for what it says, on its own console.
on() {
    printf 'send console %s\\r\nwait 20 comes back]\nsend %s\nwait 240 %s\nsend \\x1d\nwait 20 ashlar> \n' "$1" "$2" "$3"
}

# Stopped in the middle, the others go on; started, it is there again.
stop_and_start() {
    cat <<END
send stop -f green\\r
wait 60 green: off
send mem -j\\r
wait 20 {"owner":"green","bytes":0}
END
}

# apart NAME: each line of a VM begins with its name: the pattern of one is never in the line of another.
log_of() {
    tr -d '\r' <"$work/$1.out" | sed 's/.*ashlar> .\[K//' >"$work/$1.log"
}

bare_metal() {
    three 64M "$build/guest/talk.bin" "cmdline: seed=SEED" >"$work/vms.yaml"
    {
        for vm in red green blue; do
            echo "wait 120 [$vm] # up"
        done
        printf 'wait 120 [red] pass\nsend \\r\nwait 20 ashlar> \n'
        for vm in green blue red; do
            echo "wait 120 [$vm] pass"
        done
        stop_and_start
        for vm in red blue red blue; do
            echo "wait 120 [$vm] pass"
        done
        printf 'send vms -j\\r\nwait 20 {"name":"green","state":"off"\nsend start green\\r\nwait 60 [green] # up\nwait 120 [green] pass\n'
        for vm in red green blue; do
            on "$vm" q 'ok 2 - every word is as this VM left it'
        done
        printf 'send poweroff\\r\nend 60 0\n'
    } >"$work/vms.steps"
    drive vms 2 --cpus 2 --cpu "${CPU:-max}" --timeout 600
    drove vms $? "bare-metal: three come up, one is stopped and comes back, each finds its memory whole"
    log_of vms
    for vm in red green blue; do
        is "$(grep "^\[$vm\] pass" "$work/vms.log" | grep -v ', 0 wrong$')" "" "bare-metal: $vm: no pass finds a wrong word"
    done
    # After the stop, before the start.
    sed -n '/green: off/,/green: starts/p' "$work/vms.log" >"$work/meanwhile"
    is "$(grep -c '^\[green\]' "$work/meanwhile")" 0 "bare-metal: what is stopped says nothing"
    [ "$(grep -c '^\[red\] pass' "$work/meanwhile")" -ge 2 ] && [ "$(grep -c '^\[blue\] pass' "$work/meanwhile")" -ge 2 ]
    ok $? "bare-metal: the other two go on"
    no_errors "$work/vms.out" bare-metal
}

# What each Debian does: seven tenths of what is free of its memory are filled with a MiB of lines of its own, again and again; later the
# file is compared with as much of them.
block='b() { i=0; while [ $i -lt $m ]; do cat /tmp/b; i=$((i+1)); done; }'
fill='mount -o remount,size=100% /tmp; m=$(($(grep MemAvailable /proc/meminfo | tr -cd 0-9)*7/10240)); yes "pattern of $(hostname)" | dd bs=1k count=1024 iflag=fullblock of=/tmp/b 2>/dev/null; b >/tmp/f; echo FILLED-$m-MiB, DONE-$((1+1))'
check='[ "$(md5sum </tmp/f)" = "$(b | md5sum)" ] && echo WHOLE-$((1+1)) || echo BROKEN-$((1+1))'

debian() {
    three 192M "$build/guest/vmlinuz" "initrd: $build/guest/initrd.img" "cmdline: console=ttyAMA0 quiet" >"$work/debian.yaml"
    {
        # The prompt of a shell is a line that does not end: it comes with a backslash.
        for vm in red green blue; do
            echo "wait 300 ashlar-guest: Linux"
        done
        printf 'send \\r\nwait 20 ashlar> \n'
        for vm in red green blue; do
            on "$vm" "hostname $vm\\n" "#"
            on "$vm" "$block\\n" "#"
            on "$vm" "$fill\\n" DONE-2
        done
        for vm in red green blue; do
            on "$vm" "$check\\n" WHOLE-2
        done
        for vm in red blue; do
            on "$vm" 'i=0; while :; do echo count-$((i+=1)); sleep 0.2; done &\n' 'count-2'
        done
        echo 'send console all\r'
        stop_and_start
        for vm in red blue red blue; do
            echo "wait 60 [$vm] count-"
        done
        printf 'send start green\\r\nwait 300 [green] ashlar-guest: Linux\n'
        for vm in red blue; do
            on "$vm" "kill %1\\n$check\\n" WHOLE-2
        done
        printf 'send poweroff -f\\r\nend 60 0\n'
    } >"$work/debian.steps"
    drive debian 2 --cpus 2 --cpu "${CPU:-max}" --timeout 1400
    drove debian $? "Debian: three shells, each with its memory filled; one is stopped and comes back"
    log_of debian
    tr -d '\r' <"$work/debian.out" | sed -n 's/^FILLED-\([0-9]*\)-MiB.*/\1/p' >"$work/filled"
    is "$(awk '$1 > 60' "$work/filled" | wc -l)" 3 "Debian: each filled its memory: $(tr '\n' ' ' <"$work/filled")MiB"
    is "$(grep -c '^\[.*\] ashlar-guest: Linux' "$work/debian.log")" 4 "Debian: each said so at the beginning of a line of its own"
    sed -n '/green: off/,/green: starts/p' "$work/debian.log" >"$work/meanwhile"
    is "$(grep -c '^\[green\]' "$work/meanwhile")" 0 "Debian: what is stopped says nothing"
    [ "$(grep -c '^\[red\] count-' "$work/meanwhile")" -ge 2 ] && [ "$(grep -c '^\[blue\] count-' "$work/meanwhile")" -ge 2 ]
    ok $? "Debian: the other two go on counting"
    no_errors "$work/debian.out" Debian
}

for kind in ${KIND:-bare debian}; do
    case $kind in
    bare) bare_metal ;;
    *) debian ;;
    esac
done
finish
