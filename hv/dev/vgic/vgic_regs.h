/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register tables of GICD, GICR RD_base and SGI_base (IHI 0069, 12.8 to 12.12). Private to dev/vgic and its tests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dev/vgic/vgic_state.h"
#include "vm/mmio.h"

struct vgic_row;

/* One access that a row was found for. */
struct vgic_access {
    struct vgic *vgic;
    struct vgic_vcpu *self;   /* who accesses: loaded on this CPU */
    struct vgic_vcpu *target; /* GICR: whose redistributor; GICD: NULL */
    const struct vgic_row *row;
    uint32_t offset; /* from the row's first byte */
    uint32_t size;   /* bytes */
    uint32_t intid;  /* rows with bits per interrupt: the first interrupt that the access covers, */
    uint32_t count;  /* and how many */
};

#define VGIC_SIZE_8 1U
#define VGIC_SIZE_32 4U
#define VGIC_SIZE_64 8U

/* Rows rise by offset and do not overlap. What no row covers is reserved: RAZ/WI (IHI 0069, 12.1.3). */
struct vgic_row {
    const char *name;
    uint32_t offset;                                                 /* in the frame */
    uint32_t length;                                                 /* bytes */
    uint8_t bits;                                                    /* per interrupt; 0: not by interrupt */
    uint8_t sizes;                                                   /* VGIC_SIZE_*: allowed, naturally aligned */
    uint16_t flag;                                                   /* IRQ_* that the row is about */
    uint32_t constant;                                               /* what reads return where read is NULL */
    uint64_t (*read)(const struct vgic_access *access);              /* NULL: constant */
    void (*write)(const struct vgic_access *access, uint64_t value); /* NULL: WI */
};

/* Fills the index by which rows are found; once. */
void vgic_regs_init(void);

/*
 * An access of 1, 2, 4 or 8 bytes at offset of the distributor (target NULL) or of target's redistributor, whose SGI_base is at
 * 0x10000. An access of a size or alignment that the register does not have is RAZ/WI. Takes LOCK_RANK_VGIC and VGIC_VCPU.
 */
uint64_t vgic_regs_read(struct vgic_vcpu *self, struct vgic_vcpu *target, uint64_t offset, unsigned size);
void vgic_regs_write(struct vgic_vcpu *self, struct vgic_vcpu *target, uint64_t offset, unsigned size, uint64_t value);
/* The same as devices of the MMIO bus; device is the struct vgic. */
struct mmio_value vgic_regs_gicd_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size);
struct mmio_value vgic_regs_gicr_read(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size);
