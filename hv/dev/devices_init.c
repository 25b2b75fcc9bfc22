/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up of the devices, in the order of dev/devices.c. No state. */
#include "dev/devices.h"
#include "dev/vgic/vgic.h"
#include "dev/vpsci.h"
#include "dev/vtimer.h"
#include "lib/panic.h"

void devices_init(const struct platform *platform)
{
    vgic_init(platform);
    enum status status = vtimer_init(platform->timer_virt_intid);
    assert(status == STATUS_OK);
    vpsci_init();
}

void devices_cpu_init(void)
{
    vgic_cpu_init();
    vtimer_cpu_init();
}
