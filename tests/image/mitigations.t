#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Executes what an exception from a guest runs first, out of build/hv.elf, in each table of EL2's exception vectors (arch/vectors.h): the
# mitigation comes before the first call and the first indirect branch, is whole, and costs what docs/mitigations.md says.
use strict;
use warnings;

my $rounds = 24;    # as on neoverse-n1
my $most   = 90;    # what the loop may add there
my @tables = qw(plain loop CLRBHB firmware);
my (%at, $vectors);

open(my $symbols, '-|', 'llvm-nm build/hv.elf') or die "llvm-nm: $!";
while (<$symbols>) { $vectors = hex $1 if /^([0-9a-f]{16}) [tT] vectors$/ }
close $symbols;
open(my $dump, '-|', 'llvm-objdump -d --no-show-raw-insn build/hv.elf') or die "llvm-objdump: $!";
while (<$dump>) {
    $at{ hex $1 } = [ $2, $3 // '' ] if /^\s*([0-9a-f]+):\s+(\S+)(?:\s+(.*?))?\s*$/;
}
close $dump;

# Follows the instructions to the first call, indirect branch or return. Gives what mitigates on the way, in order, how many
# instructions were executed, and what it ended with. Another condition than the loop's is taken as false.
sub execute {
    my ($pc) = @_;
    my ($left, $count, $last, @seen) = ($rounds, 0, '');
    while ($count < 1000) {
        my ($op, $args) = @{ $at{$pc} // [ 'nothing', '' ] };
        my $next = $pc + 4;
        return (\@seen, $count, "$op $args") if $op =~ /^(bl|blr|br|ret|eret|nothing)$/;
        $count++;
        if ($op eq 'b' && $args =~ /^0x([0-9a-f]+)/) {
            $next = hex $1;
        } elsif ($op eq 'subs' && $args =~ /^(x\d+), \1, #(0x)?1$/) {
            $left--;
            $last = 'counted';
        } elsif ($op eq 'b.ne' && $last eq 'counted' && $args =~ /^0x([0-9a-f]+)/) {
            $next = hex $1 if $left > 0;
            push @seen, 'loop' if $left == 0;
            $last = '';
        } elsif ($op =~ /^(dsb|isb|smc|clrbhb)$/ || ($op eq 'hint' && $args =~ /^#(22|0x16)$/)) {
            push @seen, $op eq 'hint' ? 'clrbhb' : $op eq 'dsb' ? "dsb $args" : $op;
        }
        $pc = $next;
    }
    return (\@seen, $count, 'no end');
}

my %wanted = (plain => '', loop => 'loop, dsb nsh, isb', CLRBHB => 'clrbhb, isb', firmware => 'smc');
my (@plain, $number, $failed);
print '1..', 2 * @tables, "\n";

sub result {
    my ($name, @faults) = @_;
    $number++;
    print @faults ? 'not ' : '', "ok $number - $name\n";
    print "# $_\n" for @faults;
    $failed ||= @faults;
}

for my $table (0 .. $#tables) {
    my $name = $tables[$table];
    my (@faults, @dear, $added);
    for my $vector (0 .. 7) {
        my ($seen, $count, $end) = execute($vectors + 0x800 * $table + 0x400 + 0x80 * $vector);
        $plain[$vector] = $count if $table == 0;
        $added = $count - $plain[$vector];
        push @faults, "vector $vector: " . join(', ', @$seen) . ", then $end" if join(', ', @$seen) ne $wanted{$name} || $end =~ /^no/;
        push @dear, "vector $vector: $added" if $added > $most || ($added == 0) != ($table == 0);
    }
    result($name . ($table ? ': the mitigation comes first, and whole' : ': there is none'), @faults);
    result("$name: adds $added", @dear);
}
exit($failed ? 1 : 0);
