/* SPDX-License-Identifier: Apache-2.0 */
/* Power-off and reset of the machine. Owns what an administrator asked for. */
#include "vm/machine.h"

#include "arch/cpu_wait.h"
#include "fw/psci_firmware.h"
#include "lib/log.h"
#include "sched/smp.h"
#include "vm/console_view.h"

static enum machine_end asked;

void machine_end(enum machine_end end)
{
    __atomic_store_n(&asked, end, __ATOMIC_RELEASE);
}

enum machine_end machine_end_asked(void)
{
    return __atomic_load_n(&asked, __ATOMIC_ACQUIRE);
}

static _Noreturn void halt(const char *call)
{
    log_error("ashlar", "firmware's %s returned: the machine can be switched off by hand", call);
    for (;;) {
        cpu_wait_interrupt();
    }
}

_Noreturn void machine_power_off(void)
{
    console_flush();
    smp_stop_others();
    (void)fw_psci_system_off();
    halt("SYSTEM_OFF");
}

_Noreturn void machine_reset(void)
{
    console_flush();
    smp_stop_others();
    (void)fw_psci_system_reset();
    halt("SYSTEM_RESET");
}
