/* SPDX-License-Identifier: Apache-2.0 */
/* Stack switches and entry points that only exist in assembly. */
#include "arch/host/host_switch.h"

#include <stddef.h>
#include <stdlib.h>

/* As sched/switch.h declares them; arch/ does not include what lies to its right. */
void world_switch_stacks(uint64_t *save, uint64_t load);
void world_start(void);
void vcpu_start(void);
_Noreturn void cpu_run_on_stack(uint64_t sp, void (*function)(void));
void (*host_on_switch)(uint64_t *save, uint64_t load);
char guest_serror_window_start[4];
char guest_serror_window_end[4];

void cpu_secondary_entry(void);

void world_switch_stacks(uint64_t *save, uint64_t load)
{
    if (host_on_switch != NULL) {
        host_on_switch(save, load);
    }
}

void world_start(void)
{
    abort();
}

void vcpu_start(void)
{
    abort();
}

void cpu_secondary_entry(void)
{
    abort();
}

_Noreturn void cpu_run_on_stack(uint64_t sp, void (*function)(void))
{
    (void)sp;
    function();
    abort();
}
