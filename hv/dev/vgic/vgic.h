/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GICv3 of a VM (IHI 0069): what the rest of the hypervisor calls. One security state (GICD_CTLR.DS = 1), affinity
 * routing always on, SGIs 0..15, PPIs 16..31, SPIs 32..287, no LPIs.
 *
 * Locking. Every interrupt has an owner, the vCPU that it is pending or active at; the owner's lock (LOCK_RANK_VGIC_VCPU) guards all
 * that changes about the interrupt, the owner itself included, so an SPI needs one lock like a PPI. Lock order:
 *
 *   1. LOCK_RANK_VGIC       struct vgic: writers of GICD_CTLR
 *   2. LOCK_RANK_VGIC_VCPU  struct vgic_vcpu: one at a time, never two; an interrupt moves to another vCPU by unlocking the old
 *                           owner after naming the new one, then locking that
 *   3. LOCK_RANK_SCHED      taken by vcpu_kick, with none of the above held
 *
 * The list registers of a loaded vCPU are touched on its CPU only; another CPU changes the state, marks the vCPU stale and kicks it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct vcpu;
struct device_class;
struct platform;

#define VGIC_GICD_BASE 0x08000000ULL
#define VGIC_GICD_SIZE 0x10000ULL
#define VGIC_GICR_BASE 0x080A0000ULL
#define VGIC_GICR_STRIDE 0x20000ULL /* per vCPU: RD_base and SGI_base frames of 64 KiB */

#define VGIC_PRIVATE 32U /* SGIs and PPIs */
#define VGIC_INTIDS 288U /* GICD_TYPER.ITLinesNumber = 8 */

extern const struct device_class vgic_class;

/* Once, on the boot CPU, before the first VM: the maintenance interrupt's handler and the trapped ICC registers. */
void vgic_init(const struct platform *platform);
/* On every CPU before it loads a vCPU: the virtual CPU interface to a known state, the maintenance interrupt enabled. */
void vgic_cpu_init(void);

/*
 * The input line of an SPI, 32..287: a level-sensitive one is pending while the line is high, an edge-triggered one becomes pending
 * when it rises (GICD_ICFGR). Any context; takes LOCK_RANK_VGIC_VCPU, then kicks. An INTID out of range is ignored.
 */
void vgic_set_spi(struct vm *vm, uint32_t intid, bool level);
/* The input line of a PPI, 16..31, of one vCPU; all PPIs are level-sensitive. */
void vgic_set_ppi(struct vcpu *vcpu, uint32_t intid, bool level);
/*
 * The vCPU is not loaded, and will be given the PPI (vgic_inject_hw) when it is: if it could take it now, it is woken. false: it is not, for
 * the interrupt is disabled, masked or active.
 */
bool vgic_wake_ppi(struct vcpu *vcpu, uint32_t intid);

/*
 * Physical PPI pintid was taken on this CPU and is kept active (IRQ_KEEP_ACTIVE): makes virtual PPI vintid of the vCPU loaded here
 * pending, linked to it, so that the guest's deactivation deactivates the physical one (ICH_LR<n>_EL2.HW). When the vCPU leaves the
 * CPU the link is cut: the physical interrupt is deactivated here, and fires again after the next load if its cause remains.
 */
void vgic_inject_hw(struct vcpu *current, uint32_t vintid, uint32_t pintid);
/* True while the physical interrupt behind a PPI is kept active for this vCPU, as far as the list registers were read. */
bool vgic_hw_active(const struct vcpu *vcpu, uint32_t vintid);

/*
 * True when an enabled interrupt of an enabled group with a priority above ICC_PMR_EL1 waits: WFI would not wait. Running priority is
 * not looked at: WFI may always end early. The vCPU is loaded on this CPU, or on none.
 */
bool vgic_vcpu_pending(struct vcpu *vcpu);
