/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One UART serves everything: the monitor, each VM's UART, and the log. What it shows is the view. For main.c, vm/keeper.c, vm/machine.c and
 * monitor/.
 *
 *   monitor   the monitor's text and, at the bottom, its prompt line
 *   all       the same, and each finished line of each VM with "[name] " before it
 *   a VM      what its UART sends, and the bytes typed go to it; Ctrl-] ends that
 *
 * Log lines stand in every view. Each VM's output is kept (64 KiB) until it is in view.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"
#include "vm/config_check.h"

struct vm;
struct world;

/* Boot CPU, interrupts work: takes the UART from the log, allocates what the VMs' output is kept in. */
enum status console_start(const struct config *config);

/* Keeper: the VM's UART is there and in its reset state: typed bytes may go to it. Input typed before is dropped. */
void console_vm_begin(struct vm *vm);
/* Keeper: after it returns nobody touches the VM's UART any more. Where it was in view, that ends once its output was shown. No lock held. */
void console_vm_end(struct vm *vm);

/* Threads only, no lock held. */
void console_view_monitor(void);
void console_view_all(void);
/* What the VM sent while nobody watched comes first. */
void console_view_vm(struct vm *vm);
/* Of what would come first: bytes before it that were not kept. */
uint64_t console_lost(const struct vm *vm);

/* The monitor's side. The thread that is woken by keys, and when console_serve has something to do. */
enum status console_set_monitor(struct world *monitor);
/* A byte typed at the monitor; -1: none waits. */
int console_read_key(void);
/* Whether a key was ever pressed: until then escape sequences must not go out (a pipe can't answer). */
bool console_key_pressed(void);
/* Text of the monitor; LF only stands for CR LF. Waits for the UART. */
void console_write(const char *text, size_t size);
/*
 * The prompt line, to be kept at the bottom while the view is not a VM: at most CONSOLE_FOOTER_MAX bytes, which leave the terminal's cursor on
 * that one line. Redrawn after other text.
 */
#define CONSOLE_FOOTER_MAX 160U
void console_set_footer(const char *bytes, size_t size);
/* What stands there becomes ordinary text and stays. */
void console_keep_footer(void);
/* Does what waits; false: nothing is left to do until the monitor is woken. */
bool console_serve(void);
/* Before the machine goes off: waits until all went out, a second at most. */
void console_flush(void);
