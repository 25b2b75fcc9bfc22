#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `ashlar run` with the real QEMU: however it ends, no process, no temporary file and no raw terminal is left.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"
bare=
configuration console 1 64M "$build/guest/console.bin" >"$work/wait.yaml"
mark=ashlar-command-test-$$

# processes: of this test's QEMUs, by the name that they were given.
processes() {
    grep -l -a -F "$mark" /proc/[0-9]*/cmdline 2>/dev/null | while read -r file; do
        pid=${file#/proc/}
        pid=${pid%/cmdline}
        tr '\000' ' ' <"$file" 2>/dev/null | grep -q -F -e "-name $mark" && echo "$pid"
    done
}

# nothing_left TEXT
nothing_left() {
    is "$(processes)" "" "$1: no process is left"
    is "$(ls -A "$work/tmp")" "" "$1: no temporary file is left"
}

# ends NAME [-p] TEXT: drives $work/NAME.steps.
ends() {
    name=$1 mode=$2 text=$3
    shift 3
    cp "$work/${configuration:-wait}.yaml" "$work/$name.yaml" 2>/dev/null
    # shellcheck disable=SC2086
    drive "$name" $mode 2 --cpus 2 "$@" --qemu-arg -name --qemu-arg "$mark"
    drove "$name" $? "$text"
    nothing_left "$text"
}

for signal in INT:130 TERM:143 HUP:129; do
    cat >"$work/signal.steps" <<END
wait 60 # ready
signal ${signal%:*}
end 10 ${signal#*:}
END
    ends signal "" "SIG${signal%:*}"
done

printf 'wait 10 # ready\nend 60 124\n' >"$work/timeout.steps"
ends timeout "" "--timeout" --timeout 20

printf 'signal TERM\nend 10 143\n' >"$work/early.steps"
ends early "" "SIGTERM at once"

# Killed, it takes its QEMU along.
printf 'wait 60 # ready\nsignal KILL\nend 10 137\n' >"$work/kill.steps"
drive kill 2 --cpus 2 --qemu-arg -name --qemu-arg "$mark" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -z "$(processes)" ] || sleep 0.2
done
nothing_left "SIGKILL"

# On a terminal: keys go to the guest one by one, Ctrl-A x ends QEMU.
cat >"$work/terminal.steps" <<'END'
cooked
wait 60 # ready
raw
send hello\r
wait 10 : hello
wait 10 # ready
send \x01x
end 10 0
cooked
END
ends terminal -p "Ctrl-A x on a terminal"

cat >"$work/pterm.steps" <<'END'
wait 60 # ready
raw
signal TERM
end 10 143
cooked
END
ends pterm -p "SIGTERM on a terminal"

printf 'wait 60 # ready\nraw\nend 60 124\ncooked\n' >"$work/ptimeout.steps"
ends ptimeout -p "--timeout on a terminal" --timeout 20

# Ctrl-C is the guest's: it interrupts a command there.
{
    boot_steps
    cat <<'END'
raw
send sleep 1000; echo ended-with-$?\r
pause 1
send \x03
wait 10 / #
send echo still-$((20+2))\r
wait 10 still-22
send poweroff\r
end 60 0
cooked
END
} >"$work/debian.steps"
debian_configuration 2 >"$work/linux.yaml"
configuration=linux ends debian -p "Ctrl-C interrupts the guest's command, not the run" --timeout 400

# The end of standard input does not end a run.
# shellcheck disable=SC2016 # CHILD is for the step
printf 'close\nwait 60 # ready\npause 2\nrun kill -0 $CHILD\nsignal TERM\nend 10 143\n' >"$work/closed.steps"
ends closed "" "the end of standard input"

# From any folder, through a link.
mkdir "$work/elsewhere"
ln -s "$ashlar" "$work/elsewhere/ashlar"
configuration board 2 64M "$build/guest/board.bin" >"$work/elsewhere/one.yaml"
(cd "$work/elsewhere" && ./ashlar run one.yaml --timeout 60 </dev/null >"$work/elsewhere.out" 2>&1)
is $? 0 "from another folder, through a link"
nothing_left "a power-off"
finish
