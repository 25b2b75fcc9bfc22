/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up of the devices, in the order of dev/devices.c. No state. */
#include "arch/sysreg.h"
#include "cpu/features.h"
#include "dev/devices.h"
#include "dev/vgic/vgic.h"
#include "dev/vpsci.h"
#include "dev/vtimer.h"
#include "lib/panic.h"

void devices_init(const struct platform *platform)
{
    const struct vpsci_machine machine = {.id_aa64pfr0_el1 = features_id(KEY_ID_AA64PFR0_EL1),
                                          .id_aa64mmfr1_el1 = features_id(KEY_ID_AA64MMFR1_EL1)};
    vgic_init(platform);
    enum status status = vtimer_init(platform->timer_virt_intid);
    assert(status == STATUS_OK);
    vpsci_init(&machine);
}

void devices_cpu_init(void)
{
    vgic_cpu_init();
    vtimer_cpu_init();
}
