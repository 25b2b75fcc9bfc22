/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GICv3 as a device: its instances, MMIO regions, trapped ICC registers, injection, and its life with VM and vCPU.
 * Owns the instances at DEVICE_VGIC of struct vm and struct vcpu. Document: IHI 0069.
 */
#include "dev/vgic/vgic.h"

#include "arch/phys.h"
#include "arch/sysreg.h"
#include "cpu/irq.h"
#include "dev/guest_tree.h"
#include "dev/vgic/vgic_lr.h"
#include "dev/vgic/vgic_regs.h"
#include "dev/vgic/vgic_route.h"
#include "lib/panic.h"
#include "mem/page_alloc.h"
#include "platform/platform.h"
#include "vm/calls.h"
#include "vm/device.h"
#include "vm/vcpu.h"

#define VGIC_ORDER 1U      /* struct vgic */
#define VGIC_VCPU_ORDER 0U /* struct vgic_vcpu */
_Static_assert(sizeof(struct vgic) <= PAGE_SIZE << VGIC_ORDER, "VGIC_ORDER");
_Static_assert(sizeof(struct vgic_vcpu) <= PAGE_SIZE << VGIC_VCPU_ORDER, "VGIC_VCPU_ORDER");

/* What BSA calls the recommended INTID, for firmware that names none. */
#define MAINTENANCE_DEFAULT 25U
/* ICC_SRE_EL2: EL1 may use the system registers, and does (SRE, DFB, DIB, Enable). */
#define ICC_SRE_EL2_VALUE 0xfU
#define ICC_SGI_INTID_MASK BITS(27, 24)
#define ICC_SGI_INTID(value) ((uint32_t)bits_get(value, 27, 24))
#define VMCR_VEOIM BIT(9)

static uint32_t maintenance_intid = MAINTENANCE_DEFAULT;

static struct vgic *vgic_of_vm(const struct vm *vm)
{
    return vm->device[DEVICE_VGIC];
}

/* MMIO */
static bool gicd_write(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device;
    vgic_regs_write(vgic_vcpu_of(vcpu), NULL, offset, size, value);
    return true;
}

static bool gicr_write(struct vcpu *vcpu, void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vgic *vgic = device;
    struct vgic_vcpu *target = vgic->vcpu[offset / VGIC_GICR_STRIDE];
    vgic_regs_write(vgic_vcpu_of(vcpu), target, offset % VGIC_GICR_STRIDE, size, value);
    return true;
}

static const struct mmio_ops gicd_ops = {vgic_regs_gicd_read, gicd_write};
static const struct mmio_ops gicr_ops = {vgic_regs_gicr_read, gicr_write};

/* Injection */
/* A line has one driver, which serialises its changes: the look before the lock is exact. */
static void irq_set_line(struct vgic *vgic, struct vgic_irq *irq, uint32_t intid, bool level)
{
    struct vgic_vcpu *v;
    if (((__atomic_load_n(&irq->state, __ATOMIC_RELAXED) & VIRQ_LINE) != 0U) == level) {
        return;
    }
    v = vgic_route_begin(vgic, irq);
    if (vgic_irq_line(irq, level) && level) {
        vgic_route_choose(v, irq);
    }
    vgic_route_end(v, irq, intid);
}

void vgic_set_spi(struct vm *vm, uint32_t intid, bool level)
{
    struct vgic *vgic = vgic_of_vm(vm);
    if (intid >= VGIC_PRIVATE && intid < VGIC_INTIDS) {
        irq_set_line(vgic, &vgic->spi[intid - VGIC_PRIVATE], intid, level);
    }
}

void vgic_set_ppi(struct vcpu *vcpu, uint32_t intid, bool level)
{
    struct vgic_vcpu *v = vgic_vcpu_of(vcpu);
    if (intid >= 16U && intid < VGIC_PRIVATE) {
        irq_set_line(v->vgic, &v->irq[intid], intid, level);
    }
}

bool vgic_wake_ppi(struct vcpu *vcpu, uint32_t intid)
{
    struct vgic_vcpu *v = vgic_vcpu_of(vcpu);
    const struct vgic_irq *irq = &v->irq[intid];

    spinlock_lock(&v->lock);
    bool takes = !v->loaded && (irq->state & VIRQ_ACTIVE) == 0U && vgic_irq_deliverable(irq, v->vgic->ctlr) &&
                 vgic_vmcr_passes(v->vmcr, (irq->state & VIRQ_GROUP1) != 0U, irq->priority);
    spinlock_unlock(&v->lock);
    if (takes) {
        vcpu_wake(vcpu);
    }
    return takes;
}

/* What most often follows a switch: nothing is known of the interrupt, and a list register is free. */
static bool install_hw(struct vgic_vcpu *v, uint32_t vintid, uint32_t pintid)
{
    spinlock_lock(&v->lock); /* private interrupts never change their owner */
    bool installed = vgic_route_here(v) && vgic_lr_install_hw(v, vintid, pintid);
    vgic_route_unlock(v);
    if (installed && !vcpu_runs_here(v->vcpu)) {
        vcpu_kick(v->vcpu, VCPU_WORK_IRQ);
    }
    return installed;
}

void vgic_inject_hw(struct vcpu *current, uint32_t vintid, uint32_t pintid)
{
    struct vgic_vcpu *v = vgic_vcpu_of(current);
    struct vgic_irq *irq = &v->irq[vintid];

    assert(vintid >= 16U && vintid < VGIC_PRIVATE && pintid >= 16U && pintid < 32U);
    if (vgic_lr_fast_hw(v, vintid, pintid)) {
        if (!vcpu_runs_here(current)) {
            vcpu_kick(current, VCPU_WORK_IRQ); /* it sleeps with its state still in this CPU */
        }
        return;
    }
    if (install_hw(v, vintid, pintid)) {
        return;
    }
    (void)vgic_route_begin(v->vgic, irq);
    irq->pintid = (uint16_t)pintid;
    irq->state |= VIRQ_LINE;
    v->held |= 1U << vintid;
    vgic_route_end(v, irq, vintid);
}

bool vgic_hw_active(const struct vcpu *vcpu, uint32_t vintid)
{
    return vintid < VGIC_PRIVATE && (vgic_vcpu_of(vcpu)->held & (1U << vintid)) != 0U;
}

/* ICC_SGI0R_EL1, SGI1R and ASGI1R (trapped by HCR_EL2.IMO and FMO) */
static void sgi_send(struct vgic_vcpu *v, uint32_t intid, bool any_group)
{
    struct vgic_irq *irq = &v->irq[intid];
    struct vgic_vcpu *owner = vgic_route_begin(v->vgic, irq);
    if (any_group || (irq->state & VIRQ_GROUP1) == 0U) {
        irq->state |= VIRQ_LATCH;
    }
    vgic_route_end_sent(owner, irq, intid);
}

/*
 * With one security state SGI1R generates an SGI of whichever group it is configured in, SGI0R and ASGI1R only one of group 0
 * (4.5, "Forwarding an SGI to a target PE").
 */
static bool sgi_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    struct vgic_vcpu *self = vgic_vcpu_of(vcpu);
    struct vgic *vgic = self->vgic;
    uint64_t targets;

    if ((value & ~ICC_SGI_INTID_MASK) == self->sgi_self && key == KEY_ICC_SGI1R_EL1 &&
        vgic_lr_fast_sgi(self, ICC_SGI_INTID(value))) {
        return true;
    }
    targets = vgic_sgi_targets(value, self->index, vgic->vcpu_count);
    for (; targets != 0U; targets &= targets - 1U) {
        sgi_send(vgic->vcpu[__builtin_ctzll(targets)], ICC_SGI_INTID(value), key == KEY_ICC_SGI1R_EL1);
    }
    return true;
}

/*
 * ICC_DIR_EL1: traps (ICH_HCR_EL2.TDIR) only while active interrupts have no list register. With EOImode 0 a write has no effect.
 */
static bool dir_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    struct vgic_vcpu *self = vgic_vcpu_of(vcpu);
    uint32_t intid = (uint32_t)bits_get(value, 23, 0);
    struct vgic_irq *irq;
    struct vgic_vcpu *v;

    (void)key;
    if (intid >= VGIC_INTIDS || (sysreg_read(ICH_VMCR_EL2) & VMCR_VEOIM) == 0U) {
        return true;
    }
    irq = vgic_irq_find(self->vgic, self, intid);
    v = vgic_route_begin(self->vgic, irq);
    vgic_route_set_active(v, irq, intid, false);
    vgic_route_end(v, irq, intid);
    return true;
}

static const struct sysreg_row sysreg_rows[] = {
    {KEY_ICC_SGI0R_EL1, "ICC_SGI0R_EL1", NULL, sgi_write},
    {KEY_ICC_SGI1R_EL1, "ICC_SGI1R_EL1", NULL, sgi_write},
    {KEY_ICC_ASGI1R_EL1, "ICC_ASGI1R_EL1", NULL, sgi_write},
    {KEY_ICC_DIR_EL1, "ICC_DIR_EL1", NULL, dir_write},
};

/* The exit path */
static void vcpu_flush(struct vgic_vcpu *v, bool all)
{
    uint64_t own = BIT(v->index);
    spinlock_lock(&v->lock);
    vgic_lr_flush(v, all);
    if ((__atomic_load_n(&v->vgic->stale, __ATOMIC_RELAXED) & own) != 0U) {
        __atomic_fetch_and(&v->vgic->stale, ~own, __ATOMIC_RELEASE);
    }
    vgic_route_unlock(v);
}

static void irqchip_flush(struct vcpu *vcpu)
{
    vcpu_flush(vgic_vcpu_of(vcpu), false);
}

bool vgic_vcpu_pending(struct vcpu *vcpu)
{
    struct vgic_vcpu *v = vgic_vcpu_of(vcpu);
    bool here;
    bool pending;

    spinlock_lock(&v->lock);
    here = vgic_route_here(v);
    pending = here && vgic_lr_signals(v);
    if (!pending) {
        uint64_t vmcr = here ? sysreg_read(ICH_VMCR_EL2) : v->vmcr;
        for (struct vgic_set left = v->wait; left.words != 0U && !pending;) {
            uint32_t intid = vgic_set_first(&left);
            const struct vgic_irq *irq = vgic_irq_peek(v, intid);
            vgic_set_remove(&left, intid);
            pending = (irq->state & VIRQ_ACTIVE) == 0U &&
                      vgic_vmcr_passes(vmcr, (irq->state & VIRQ_GROUP1) != 0U, irq->priority);
        }
    }
    spinlock_unlock(&v->lock);
    return pending;
}

const struct vcpu_irqchip vcpu_irqchip = {irqchip_flush, vgic_vcpu_pending};

static enum irq_done maintenance_interrupt(uint32_t intid, void *argument)
{
    struct vcpu *vcpu = vcpu_current();
    (void)intid;
    (void)argument;
    if (vcpu != NULL && vgic_vcpu_of(vcpu)->loaded) {
        vcpu_flush(vgic_vcpu_of(vcpu), true);
    }
    return IRQ_DEACTIVATE;
}

void vgic_init(const struct platform *platform)
{
    enum status status;
    if (platform->cpus[0].maintenance_intid != 0U) {
        maintenance_intid = platform->cpus[0].maintenance_intid;
    }
    vgic_regs_init();
    status = irq_register(maintenance_intid, maintenance_interrupt, NULL);
    assert(status == STATUS_OK);
    sysreg_table_add(sysreg_rows, ARRAY_SIZE(sysreg_rows));
}

void vgic_cpu_init(void)
{
    sysreg_write(ICC_SRE_EL2, ICC_SRE_EL2_VALUE);
    vgic_lr_cpu_init();
    irq_enable(maintenance_intid, false);
}

/* Life */
static enum status vcpu_create(struct vgic *vgic, struct vcpu *vcpu)
{
    struct vgic_vcpu *v;
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_VM(vcpu->vm->index), VGIC_VCPU_ORDER, &pa);
    if (status != STATUS_OK) {
        return status;
    }
    v = phys_to_pointer(pa.pa);
    spinlock_init(&v->lock, LOCK_RANK_VGIC_VCPU);
    v->vcpu = vcpu;
    v->vgic = vgic;
    v->index = vcpu->index;
    v->sgi_self = ((uint64_t)(v->index / 16U) << 16) | BIT(v->index % 16U);
    vcpu->device[DEVICE_VGIC] = v;
    vgic->vcpu[vcpu->index] = v;
    return STATUS_OK;
}

static void vgic_destroy(struct vm *vm)
{
    struct vgic *vgic = vgic_of_vm(vm);
    if (vgic == NULL) {
        return;
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (vgic->vcpu[i] != NULL) {
            vm->vcpus[i]->device[DEVICE_VGIC] = NULL;
            page_free(OWNER_VM(vm->index), VGIC_VCPU_ORDER, pa_make(pointer_to_phys(vgic->vcpu[i])));
        }
    }
    vm->device[DEVICE_VGIC] = NULL;
    page_free(OWNER_VM(vm->index), VGIC_ORDER, pa_make(pointer_to_phys(vgic)));
}

static void vgic_reset(struct vm *vm)
{
    struct vgic *vgic = vgic_of_vm(vm);
    vgic->ctlr = 0;
    vgic->stale = 0;
    for (uint32_t i = 0; i < VGIC_SPIS; i++) {
        vgic->irouter[i] = 0;
        vgic_irq_reset(&vgic->spi[i], VGIC_PRIVATE + i, 0);
    }
    for (uint32_t n = 0; n < vgic->vcpu_count; n++) {
        struct vgic_vcpu *v = vgic->vcpu[n];
        v->asleep = true;
        v->wait = (struct vgic_set){0};
        v->moved = (struct vgic_set){0};
        v->dirty = (struct vgic_set){0};
        v->refold = false;
        for (uint32_t i = 0; i < VGIC_PRIVATE; i++) {
            vgic_irq_reset(&v->irq[i], i, (uint8_t)n);
        }
        vgic_lr_reset(v);
    }
}

static enum status vgic_add_regions(struct vm *vm, struct vgic *vgic)
{
    enum status status = mmio_bus_add(&vm->mmio, ipa_make(VGIC_GICD_BASE), VGIC_GICD_SIZE, &gicd_ops, vgic);
    if (status != STATUS_OK) {
        return status;
    }
    return mmio_bus_add(&vm->mmio, ipa_make(VGIC_GICR_BASE), VGIC_GICR_STRIDE * vm->vcpu_count, &gicr_ops, vgic);
}

static enum status vgic_create(struct vm *vm)
{
    struct vgic *vgic;
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_VM(vm->index), VGIC_ORDER, &pa);
    if (status != STATUS_OK) {
        return status;
    }
    vgic = phys_to_pointer(pa.pa);
    spinlock_init(&vgic->lock, LOCK_RANK_VGIC);
    vgic->vcpu_count = vm->vcpu_count;
    vm->device[DEVICE_VGIC] = vgic;
    for (uint32_t i = 0; i < vm->vcpu_count && status == STATUS_OK; i++) {
        status = vcpu_create(vgic, vm->vcpus[i]);
    }
    if (status == STATUS_OK) {
        status = vgic_add_regions(vm, vgic);
    }
    if (status != STATUS_OK) {
        vgic_destroy(vm);
        return status;
    }
    vgic_reset(vm);
    return STATUS_OK;
}

/*
 * PSCI CPU_ON resets the PE and with it its CPU interface; the redistributor keeps its configuration and pending interrupts, being
 * outside the PE's power domain (IHI 0069, 11.1).
 */
static void vgic_vcpu_reset(struct vcpu *vcpu)
{
    vgic_lr_reset(vgic_vcpu_of(vcpu));
}

static void vgic_vcpu_load(struct vcpu *vcpu)
{
    struct vgic_vcpu *v = vgic_vcpu_of(vcpu);
    spinlock_lock(&v->lock);
    vgic_lr_load(v);
    vgic_route_unlock(v);
}

static void vgic_vcpu_put(struct vcpu *vcpu)
{
    struct vgic_vcpu *v = vgic_vcpu_of(vcpu);
    spinlock_lock(&v->lock);
    vgic_lr_put(v);
    __atomic_fetch_and(&v->vgic->stale, ~BIT(v->index), __ATOMIC_RELEASE);
    vgic_route_unlock(v);
}

static enum status vgic_describe(const struct vm *vm, struct guest_tree *tree)
{
    const uint64_t reg[2][2] = {{VGIC_GICD_BASE, VGIC_GICD_SIZE}, {VGIC_GICR_BASE, VGIC_GICR_STRIDE * vm->vcpu_count}};

    guest_tree_begin(tree, "intc@8000000");
    guest_tree_string(tree, "compatible", "arm,gic-v3");
    guest_tree_u32(tree, "phandle", GUEST_TREE_PHANDLE_GIC);
    guest_tree_u32(tree, "#interrupt-cells", 3);
    guest_tree_u32(tree, "#address-cells", 0);
    guest_tree_empty(tree, "interrupt-controller");
    guest_tree_reg(tree, reg, ARRAY_SIZE(reg));
    guest_tree_end(tree);
    return guest_tree_status(tree);
}

const struct device_class vgic_class = {
    .name = "vgic",
    .create = vgic_create,
    .destroy = vgic_destroy,
    .reset = vgic_reset,
    .vcpu_reset = vgic_vcpu_reset,
    .vcpu_load = vgic_vcpu_load,
    .vcpu_put = vgic_vcpu_put,
    .describe = vgic_describe,
};
