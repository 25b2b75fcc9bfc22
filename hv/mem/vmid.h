/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMIDs: 8 or 16 bits for any number of VMs. A VM keeps its VMID for a generation; when the numbers run out, a new generation begins with
 * every VMID's TLB entries invalidated, and VMs get new numbers as they next run (DDI 0487, D8.12 VMIDs, D8.14 maintenance).
 */
#pragma once

#include <stdint.h>

#define VMID_BITS 16U /* of a slot's value: the VMID itself; above them its generation */

/* bits: 8 or 16 (else a panic). Begins a first generation: no VM has a VMID. Once, before any VM runs. */
void vmid_setup(unsigned bits);

/*
 * The VMID under which the VM that owns *slot (0 at first) runs on this CPU from now on. Interrupts masked, so that the caller loads it
 * on the same CPU. Without a lock when the VM's generation is the present one, else under LOCK_RANK_VMID.
 */
uint16_t vmid_activate(uint64_t *slot);
