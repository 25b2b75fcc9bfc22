/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two models that the virtual GIC is checked against, written from IHI 0069 alone and sharing no code with hv/dev/vgic:
 *
 *   cpuif: the hardware's virtual CPU interface of each fake CPU: the ICH registers as EL2 sees them and the ICV registers as the
 *          guest uses them, and the active state of that CPU's physical PPIs.
 *   ideal: a GIC without list registers: what each interrupt's state should be, and which one each vCPU should be offered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MODEL_CPUS 3U
#define MODEL_VCPUS 4U
#define MODEL_INTIDS 288U
#define MODEL_SPURIOUS 1023U
#define MODEL_IDLE_PRIORITY 256U

/* Hooks every ICH register: that many list registers, 5 bits of priority and preemption, ICC_DIR trap or not. All state is zero. */
void cpuif_install(unsigned list_registers, bool dir_traps);
/* What ICH_VTR_EL2 says from the next call of cpuif_install on; with other than 5 the registers are the test's own. */
void cpuif_set_preemption_bits(unsigned bits);

/* The guest that runs on the selected CPU. group: 0 or 1. */
uint32_t cpuif_acknowledge(unsigned group);
void cpuif_end(unsigned group, uint32_t intid);
/* ICC_DIR_EL1; true: it traps to EL2 instead. */
bool cpuif_deactivate(uint32_t intid);
void cpuif_set_mask(unsigned priority);
void cpuif_set_groups(bool group0, bool group1);
void cpuif_set_end_mode(bool split);
/* The priority of the best pending interrupt of an enabled group in the list registers, or MODEL_IDLE_PRIORITY; its INTID, group. */
unsigned cpuif_best(uint32_t *intid, unsigned *group);
unsigned cpuif_running_priority(void);
/* The maintenance interrupt's line of a CPU. */
bool cpuif_maintenance(unsigned cpu);
/* Fails the test when a CPU's list registers break a rule of 12.4.8: one INTID twice, a hardware-linked one pending and active, ... */
void cpuif_check(unsigned cpu);
uint64_t cpuif_list_register(unsigned cpu, unsigned n);

/* Physical PPIs of a CPU. */
bool cpuif_physical_active(unsigned cpu, uint32_t pintid);
void cpuif_physical_set_active(unsigned cpu, uint32_t pintid, bool active);

struct ideal_irq {
    bool latch, line, active, enabled, group1, edge;
    uint8_t priority;
    int route; /* vCPU, -1 = nobody */
    int taker; /* the vCPU that acknowledged it, -1 = not active, or by a register */
};

struct ideal {
    uint32_t group_enables; /* GICD_CTLR bits 1:0 */
    struct ideal_irq private[MODEL_VCPUS][32];
    struct ideal_irq shared[MODEL_INTIDS - 32];
};

void ideal_reset(struct ideal *gic);
struct ideal_irq *ideal_find(struct ideal *gic, unsigned vcpu, uint32_t intid);
bool ideal_pending(const struct ideal_irq *irq);
/* Offered to the vCPU's CPU interface. */
bool ideal_offered(struct ideal *gic, unsigned vcpu, uint32_t intid);
/* The best priority offered to the vCPU among the groups that its CPU interface takes (bit 0: group 0). */
unsigned ideal_best(struct ideal *gic, unsigned vcpu, unsigned groups);
void ideal_set_line(struct ideal_irq *irq, bool level);
void ideal_acknowledge(struct ideal_irq *irq, unsigned vcpu);
