#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Executes the test for stack overflow at the head of EL2's own exception vectors, out of build/hv.elf, with stack pointers of every
# kind: an exception with room for its frame goes on with SP and X0 as they were; one without gets to el2_overflow
# before anything is stored. A stack is 16 KiB in the upper half of an aligned 32 KiB; a frame is 272 bytes.
use strict;
use warnings;
no warnings 'portable';
use integer;    # wraps at 64 bits

my $frame = 272;
my $low   = 0x810000004000;
my %at;
my (%names, %labels);

open(my $symbols, '-|', 'llvm-nm build/hv.elf') or die "llvm-nm: $!";
while (<$symbols>) {
    next unless /^([0-9a-f]{16}) [tT] (vectors|el2_\w+|guest_serror_window_\w+)$/;
    $names{$2} = hex $1;
    $labels{ hex $1 } = $2;
}
close $symbols;
open(my $dump, '-|', 'llvm-objdump -d --no-show-raw-insn build/hv.elf') or die "llvm-objdump: $!";
while (<$dump>) {
    $at{ hex $1 } = [ $2, $3 // '' ] if /^\s*([0-9a-f]+):\s+(\S+)(?:\s+(.*?))?\s*$/;
}
close $dump;

# The label that is reached, SP and X0 there, and what else was executed.
sub execute {
    my ($pc, $sp, $x0) = @_;
    my ($odd, %r) = ('', sp => $sp, x0 => $x0);
    for (1 .. 32) {
        my ($op, $args) = @{ $at{$pc} // [ 'nothing', '' ] };
        if ($op =~ /^(add|sub)$/ && $args =~ /^(sp|x0), (sp|x0), (?:#(0x[0-9a-f]+|\d+)|(sp|x0))$/) {
            my $value = defined $3 ? ($3 =~ /^0x/ ? hex $3 : $3) : $r{$4};
            $r{$1} = $op eq 'add' ? $r{$2} + $value : $r{$2} - $value;
        } elsif ($op eq 'tbz' && $args =~ /^(?:x0|w0), #(0x[0-9a-f]+|\d+), 0x([0-9a-f]+)/) {
            my $bit = $1 =~ /^0x/ ? hex $1 : $1;
            if ((($r{x0} >> $bit) & 1) == 0) { $pc = hex $2; next }
        } elsif ($op eq 'b' && $args =~ /^0x([0-9a-f]+)/) {
            return ($labels{ hex $1 } // $args, $r{sp}, $r{x0}, $odd);
        } else {
            $odd .= "$op $args; ";
        }
        $pc += 4;
    }
    return ('nowhere', 0, 0, $odd);
}

my @kinds = qw(sync irq fiq serror);
my $tables = 4;    # VECTORS_TABLE_COUNT
print "1..", 2 * @kinds + 1, "\n";
my ($number, $failed) = (0, 0);

sub result {
    my ($name, @faults) = @_;
    $number++;
    print @faults ? 'not ' : '', "ok $number - $name\n";
    print "# $_\n" for @faults[ 0 .. ($#faults < 4 ? $#faults : 4) ];
    $failed++ if @faults;
}

my @x0 = (0, 1, -1, 0x4000, ~0x4000, $low, $low - 16, 0x7fffffffffffffff, -0x7fffffffffffffff, 0x123456789abcdef0);
for my $kind (0 .. $#kinds) {
    my (@room, @none);
    for my $case ((map { [ 0, $_ ] } @x0), map { [ $_, -1 ] } 1 .. $tables - 1) {
        my ($table, $x0) = @$case;
        my $vector = ($names{vectors} // 0) + 0x800 * $table + 0x200 + 0x80 * $kind;
        for (my $sp = $low + $frame ; $sp <= $low + 0x4000 ; $sp += 16) {
            my ($label, $new, $kept, $odd) = execute($vector, $sp, $x0);
            push @room, sprintf('SP %#x X0 %#x: to %s with SP %#x X0 %#x %s', $sp, $x0, $label, $new, $kept, $odd)
                unless $label eq "el2_$kinds[$kind]" && $new == $sp && $kept == $x0 && $odd eq '';
        }
        for (my $sp = $low - 0x3ef0 + $frame ; $sp < $low + $frame ; $sp += 16) {
            my ($label, $new, $kept, $odd) = execute($vector, $sp, $x0);
            push @none, sprintf('SP %#x X0 %#x: to %s %s', $sp, $x0, $label, $odd)
                unless $label eq 'el2_overflow' && $kept == $sp - $frame && $odd =~ /^msr tpidr_el0, x1; mov x1, #[0-9a-fx]+; $/i;
        }
    }
    result("$kinds[$kind]: a frame that has room", @room);
    result("$kinds[$kind]: an overflow is seen before the first push", @none);
}
# Where the way from a guest unmasks SError, ESB follows, and both lie in the window that trap/trap_error.c knows.
my ($unmasked, @late) = (0);
my ($start, $end) = map { $names{"guest_serror_window_$_"} // 0 } qw(start end);
for my $pc (grep { $_ >= $start && $_ < $end } sort keys %at) {
    next unless $at{$pc}[0] eq 'msr' && $at{$pc}[1] =~ /^daifclr, #(0x)?4$/i;
    $unmasked++;
    my ($op, $args) = @{ $at{ $pc + 4 } };
    push @late, sprintf('%#x: %s %s', $pc + 4, $op, $args)
        unless $pc + 8 <= $end && ($op eq 'esb' || "$op $args" =~ /^hint #(0x10|16)$/);
}
push @late, "$unmasked places unmask SError, not 2" unless $unmasked == 2;
result("what a guest has under way is waited for before SErrors count as EL2's", @late);
exit($failed ? 1 : 0);
