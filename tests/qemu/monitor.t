#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The monitor, typed at on a pseudo-terminal: editing, history, completion, garbage, a window of 80 columns, attaching and detaching in the
# middle of output, what is kept of a console, and nothing but text before the first key.
# shellcheck source=tests/qemu/qemu_lib.sh
. "$(dirname "$0")/qemu_lib.sh"

if [ -n "$bare" ]; then
    echo "1..0 # SKIP the monitor is Ashlar's"
    exit 0
fi
guest=$build/guest/talk.bin

{
    printf 'host:\n  console: monitor\n  when_idle: monitor\n'
    configuration talk-one 2 16M "$guest" "cmdline: seed=1" "stop_timeout: 1ms"
    configuration talk-two 1 16M "$guest" "cmdline: seed=2" "autostart: false" | tail -n +2
    configuration other 1 16M "$guest" "cmdline: seed=3" "autostart: false" | tail -n +2
    configuration short 1 16M "$guest" "cmdline: lines=4000 quit=1" "on_reset: stop" | tail -n +2
} >"$work/monitor.yaml"

# says KEYS ANSWER: types a line and waits for what it says.
says() {
    printf 'send %s\\r\nwait 20 %s\n' "$1" "$2"
}

long=0123456789012345678901234567890123456789012345678901234567890123456789
{
    # The VM's output is kept while nobody watches.
    printf 'wait 60 talk-one: runs\nwait 60 short: off\n'
    says '' 'ashlar> '
    echo '# editing: the answer repeats what the line was'
    says 'bc\x01\x01a\x05d' 'abcd: no such command'
    says 'a\x1b[Db\x1b[Cc\x1b[H\x1b[3~d\x1b[Fe' 'dace: no such command'
    says 'abX\x7fY\x08cd\x02\x02\x0bef' 'abef: no such command'
    says 'gone\x15this\x17that\x01\x01\x04T\x06\x06' 'That: no such command'
    says 'one two\x17\x17three' 'three: no such command'
    echo '# garbage'
    says '\xff\xfe\xc3\xa4\x80\x1b[99999;1;2X\x1b[200~\x1b]\x1bQ\x1c\x1e\x1f\x12quark' 'quark: no such command'
    says '\x1b[\x1b\x1b[\x15still-here' 'still-here: no such command'
    says "$long$long$long${long}" '0123456789'
    printf 'wait 20 : no such command\n'
    echo '# history'
    says 'version' 'ashlar '
    says 'first-line' 'first-line: no such command'
    says 'second-line' 'second-line: no such command'
    says '\x1b[A\x1b[A' 'first-line: no such command'
    says '\x10\x10\x10\x0e' 'second-line: no such command'
    says 'begun\x1b[A\x1b[B-line' 'begun-line: no such command'
    echo '# given up'
    says 'nothing\x03' '^C'
    echo '# completion: of a command, of a name as far as it goes, of several'
    says 'vers\t' 'ashlar '
    printf 'send console t\\t\nwait 20 talk-\nsend \\t\nwait 20 talk-one  talk-two\nsend \\x15\n'
    says 'sta\t\tts ot\t' 'other: off'
    echo '# words that are wrong'
    says 'stop' 'usage: stop [-f] VM'
    says 'vsm' 'vsm: no such command; did you mean vms?'
    says 'start oter' 'oter: no such VM; did you mean other?'
    says 'log -l wrning' 'did you mean warning?'
    says 'vms -j' '{"name":"talk-one","state":"running","vcpus":2,"memory":16777216,'
    says 'stats -j talk-one' '"runs":1,'
    says 'mem -j' '{"owner":"talk-one","bytes":'
    says 'cpus -j' '"load_percent":'
    says 'log talk-one' 'talk-one: starts'
    says 'pause other' 'other: not now: it is off'
    says 'pause talk-one' 'talk-one: paused'
    says 'resume talk-one' 'resumed'
    echo '# 64 KiB are shown first'
    says 'console short' 'older bytes were not kept]'
    printf 'wait 20 line 003999 of the kept ones\nwait 20 # up\nwait 20 1..2\nsend \\x1d\nwait 20 ashlar> \n'
    echo '# what is typed arrives'
    says 'console talk-one' 'Ctrl-] comes back]'
    printf 'wait 60 pass \nsend k\nwait 60 key 6b\n'
    echo '# in and out while it floods; nothing is lost while it is watched'
    printf 'send f\nwait 60 flood 00000100 \n'
    printf 'send \\x1d\nwait 20 ashlar> \n'
    says 'version' 'ashlar '
    says 'console talk-one' 'Ctrl-] comes back]'
    printf 'wait 60 flood \nsend \\x1d\nwait 20 ashlar> \n'
    says 'console talk-one' 'Ctrl-] comes back]'
    printf 'wait 60 flood \nwait 60 abcdefghijklmnopqrstuvwxyz\nsend s\nwait 120 flood ends at \nwait 20 by 73\nsend \\x1d\nwait 20 ashlar> \n'
    echo '# another one; its end leads back to the prompt'
    says 'start talk-two' 'talk-two: runs'
    says 'console talk-two' 'comes back]'
    printf 'wait 60 pass 1, 0 wrong\nsend q\nwait 60 ok 2 - every word\nwait 20 talk-two: off\nwait 20 ashlar> \n'
    echo '# all of them, by lines'
    says 'console all' '[talk-one] pass '
    says 'start other' '[other] # up'
    echo '# one that floods does not keep the monitor from answering'
    says 'console other' 'comes back]'
    printf 'send f\nwait 60 flood 00000100 \nsend \\x1d\nwait 60 ashlar> \nwait 60 [other] flood\n'
    printf 'send version\\r\nwait 60 ashlar> version\nsend stop -f other\\r\nwait 60 other: off\n'
    says 'stop talk-one' 'talk-one: off'
    says 'console monitor' 'ashlar> '
    echo '# the end'
    says 'panic' 'really panic'
    says 'no' 'no panic'
    printf 'send poweroff\\r\nend 60 0\n'
} >"$work/monitor.steps"
drive monitor -p 2 --cpus 2 --cpu "${CPU:-max}" --timeout 400
drove monitor $? "every key, word and view does what it should"

tr -d '\r' <"$work/monitor.out" >"$work/lines"
sed -n "/cpu0 ashlar: /,\$p" "$work/monitor.out" | sed "/short: off/q" >"$work/early"
LC_ALL=C grep -a -q "$(printf '\033')" "$work/early"
is $? 1 "no escape sequence before the first key"

# What was kept: from the notice to the next prompt.
tr -d '\r' <"$work/monitor.out" | perl -0777 -pe 's/\n/\r\n/g' | perl -0777 -ne 'print $1 if /older bytes were not kept\]\r\n(.*?)ashlar> /s' >"$work/kept"
is "$(wc -c <"$work/kept")" 65536 "64 KiB are kept"
awk '/^line / { n = $2 + 0; bad += lines++ && n != last + 1; last = n } END { exit !(last == 3999 && lines > 2000 && !bad) }' "$work/kept"
ok $? "in order, and none is missing"

# Between the third attachment and the end of the flood no line is missing.
awk '/^\[console of talk-one/ { count++; n = ""; bad = 0; next }
    /^flood [0-9]/ && count == 3 && NF == 4 { if (n != "" && $2 != n + 1) { if (seen) bad++ } else if (n != "") seen++; n = $2 + 0 }
    /^flood ends/ { exit !(seen > 0 && bad <= 1) }' "$work/lines"
ok $? "nothing is lost while it is watched"

# No line of the prompt is longer than 79 columns.
is "$(awk '/^ashlar> / && length($0) > 79 && !/\033/' "$work/lines" | head -n 1)" "" "the prompt line fits into 80 columns"
grep -a -v -E "(> |really |no )panic" "$work/monitor.out" >"$work/log"
no_errors "$work/log" monitor

# A panic that was confirmed.
printf "host:\n  console: all\n" >"$work/panic.yaml"
configuration talk 1 16M "$guest" >>"$work/panic.yaml"
{
    printf 'wait 60 [talk] pass\n'
    says panic 'really panic'
    says yes 'ashlar: panic: asked for at the monitor'
    printf 'wait 20 backtrace\nend 60 1\n'
} >"$work/panic.steps"
drive panic 2 --cpus 2 --cpu "${CPU:-max}" --timeout 120
drove panic $? "panic says where, and ends the machine with status 1"
finish
