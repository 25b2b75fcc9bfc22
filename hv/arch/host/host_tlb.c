/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLBs and table walks of the fake CPUs (DDI 0487, D8.2 walks, D8.3 descriptors, D8.14 maintenance, D8.16 break-before-make). Written from
 * the manual and not from mem/pgtable.c: it decodes what that file encodes. What it remembers and when it forgets: host_model.h.
 *
 * A walk for a guest makes two entries, as an implementation may: one of stage 2 by IPA and one combined with stage 1 (off, so
 * VA = IPA). TLBI IPAS2E1IS removes the first kind only.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/host_internal.h"
#include "arch/sysreg.h"

#define TLB_ENTRIES 512U
#define HOT 16U
#define VIEW_SLOTS 65536U
#define FRESH 1024U
#define NOBODY HOST_CPUS

enum regime { REGIME_STAGE2, REGIME_COMBINED, REGIME_EL2 };

struct cached {
    bool used;
    bool await_isb;
    bool local_only; /* the invalidation that is pending was not broadcast */
    enum regime regime;
    unsigned pending; /* CPU whose invalidation waits for its DSB, or NOBODY */
    uint64_t vmid;
    uint64_t root;
    uint64_t base; /* input addresses covered */
    uint64_t size;
    unsigned depth; /* descriptors used */
    uint64_t where[4];
    uint64_t what[4];
    struct host_translation result; /* for the address base */
};

struct cpu {
    struct cached entries[TLB_ENTRIES];
    unsigned next;
    unsigned filled; /* entries that were ever used */
    uint64_t hot_ipa[HOT];
    unsigned hot_ipas;
    uint64_t hot_va[HOT];
    unsigned hot_vas;
    bool in_guest;
    uint64_t vttbr; /* as of the last context synchronisation */
};

/* What walkers see of a descriptor: its value at the last DSB. */
struct view {
    uint64_t pa; /* 0: empty slot */
    uint64_t value;
};

static struct cpu cpus[HOST_CPUS];
static struct view views[VIEW_SLOTS];
static uint32_t view_used[VIEW_SLOTS / 2U];
static unsigned view_count;

/* Pages zeroed since the last DSB, and whether walks now look for links to them. */
static uint64_t fresh[FRESH];
static unsigned fresh_count;
static bool racing;

void host_tlb_reset(void)
{
    memset(cpus, 0, sizeof(cpus));
    memset(views, 0, sizeof(views));
    view_count = 0;
    fresh_count = 0;
}

void host_tlb_forget(unsigned cpu)
{
    memset(&cpus[cpu], 0, sizeof(cpus[cpu]));
}

static uint64_t memory_read(uint64_t pa)
{
    const uint8_t *bytes = host_phys_bytes(pa);
    if (bytes == NULL)
        host_fail("a walk reads a descriptor at 0x%lx, which is not RAM", pa);
    return __atomic_load_n((const uint64_t *)(const void *)bytes, __ATOMIC_RELAXED);
}

/* A store may be seen before an earlier one to another place, if no barrier is between: a link before what it leads to. */
static uint64_t race_read(uint64_t pa)
{
    for (unsigned i = 0; i < fresh_count; i++) {
        if (fresh[i] == pa >> 12)
            host_fail("a walk can reach the table at 0x%lx before its zeroes are visible: no DSB before the link", pa);
    }
    return memory_read(pa);
}

static uint64_t view_read(uint64_t pa)
{
    if (racing)
        return race_read(pa);
    uint32_t slot = (uint32_t)((pa >> 3) * 0x9e3779b97f4a7c15ULL >> 48) % VIEW_SLOTS;
    while (views[slot].pa != 0 && views[slot].pa != pa)
        slot = (slot + 1U) % VIEW_SLOTS;
    if (views[slot].pa == 0) {
        if (view_count == VIEW_SLOTS / 2U)
            host_fail("the test walks more descriptors than the model remembers");
        views[slot] = (struct view){pa, memory_read(pa)};
        view_used[view_count++] = slot;
    }
    return views[slot].value;
}

static void view_refresh(void)
{
    for (unsigned i = 0; i < view_count; i++) {
        struct view *view = &views[view_used[i]];
        view->value = memory_read(view->pa);
    }
}

/* ---- walks ---- */

static uint64_t field(uint64_t value, unsigned high, unsigned low)
{
    return (value >> low) & ((2ULL << (high - low)) - 1U);
}

static unsigned level_shift(unsigned level)
{
    return 39U - 9U * level;
}

static void leaf_stage2(struct host_translation *result, uint64_t descriptor)
{
    result->read = field(descriptor, 6, 6) != 0;
    result->write = field(descriptor, 7, 7) != 0;
    result->execute = field(descriptor, 54, 53) == 0;
    result->device = field(descriptor, 5, 4) == 0;
    if (!result->device && (field(descriptor, 5, 2) != 15 || field(descriptor, 9, 8) != 3))
        host_fail("stage 2 descriptor 0x%lx: Normal memory that is not write-back, inner shareable", descriptor);
}

static void leaf_el2(struct host_translation *result, uint64_t descriptor)
{
    uint64_t attribute = host_sysreg_get(host_cpu(), KEY_MAIR_EL2) >> (8U * field(descriptor, 4, 2)) & 0xffU;
    result->read = true;
    result->write = field(descriptor, 7, 7) == 0;
    result->execute = field(descriptor, 54, 54) == 0;
    result->device = attribute >> 4 == 0;
    if (field(descriptor, 6, 6) != 1)
        host_fail("EL2 descriptor 0x%lx: AP[1] is RES1", descriptor);
    if (!result->device && (attribute != 0xff || field(descriptor, 9, 8) != 3))
        host_fail("EL2 descriptor 0x%lx: Normal memory that is not write-back, inner shareable", descriptor);
}

static void leaf(struct cached *entry, uint64_t descriptor, unsigned level, uint64_t address)
{
    uint64_t size = 1ULL << level_shift(level);
    uint64_t oa = descriptor & 0xfffffffff000ULL;
    if (oa % size != 0)
        host_fail("level %u descriptor 0x%lx: RES0 bits of its output address are set", level, descriptor);
    if (level == 0)
        host_fail("level 0 descriptor 0x%lx: no block at this level", descriptor);
    if (field(descriptor, 10, 10) == 0)
        host_fail("descriptor 0x%lx: the access flag is clear", descriptor);
    entry->base = address & ~(size - 1U);
    entry->size = size;
    entry->result = (struct host_translation){.valid = true, .pa = oa, .level = level};
    if (entry->regime == REGIME_EL2)
        leaf_el2(&entry->result, descriptor);
    else
        leaf_stage2(&entry->result, descriptor);
}

/* Walks from level on; entry has regime, vmid and root. */
static void walk(struct cached *entry, unsigned level, uint64_t table, uint64_t index, uint64_t address)
{
    for (;; level++) {
        uint64_t where = table + 8U * index;
        uint64_t descriptor = view_read(where);
        entry->where[entry->depth] = where;
        entry->what[entry->depth++] = descriptor;
        if ((descriptor & 1U) == 0 || (level == 3 && (descriptor & 2U) == 0))
            return;
        if (level == 3 || (descriptor & 2U) == 0) {
            leaf(entry, descriptor, level, address);
            return;
        }
        table = descriptor & 0xfffffffff000ULL;
        index = field(address, level_shift(level) - 1U, level_shift(level + 1U));
    }
}

static struct cached walk_stage2(uint64_t vttbr, uint64_t vtcr, uint64_t ipa)
{
    unsigned bits = 64U - (unsigned)field(vtcr, 5, 0);
    unsigned level = 2U - (unsigned)field(vtcr, 7, 6);
    struct cached entry = {.regime = REGIME_STAGE2, .pending = NOBODY};
    entry.vmid = field(vttbr, field(vtcr, 19, 19) != 0 ? 63 : 55, 48);
    entry.root = field(vttbr, 47, 1) << 1;
    if (field(vtcr, 31, 31) != 1 || field(vtcr, 15, 14) != 0 || field(vtcr, 13, 8) != 0x35)
        host_fail("VTCR_EL2 0x%lx: RES1, TG0, SH0, ORGN0 or IRGN0", vtcr);
    if (level > 2 || bits > 48 || bits <= level_shift(level) || bits > level_shift(level) + 9U + 4U)
        host_fail("VTCR_EL2 0x%lx: T0SZ and SL0 don't go together", vtcr);
    uint64_t tables = 8ULL << (bits - level_shift(level));
    if (entry.root % (tables < 64U ? 64U : tables) != 0)
        host_fail("VTTBR_EL2 0x%lx: not aligned to the size of its %lu bytes of tables", vttbr, tables);
    if (ipa >> bits == 0)
        walk(&entry, level, entry.root, ipa >> level_shift(level), ipa);
    return entry;
}

static struct cached walk_el2(uint64_t ttbr, uint64_t tcr, uint64_t va)
{
    unsigned bits = 64U - (unsigned)field(tcr, 5, 0);
    struct cached entry = {.regime = REGIME_EL2, .pending = NOBODY, .root = field(ttbr, 47, 1) << 1};
    if (field(tcr, 31, 31) != 1 || field(tcr, 23, 23) != 1 || field(tcr, 15, 8) != 0x35 || bits <= 39 || bits > 48)
        host_fail("TCR_EL2 0x%lx: RES1, TG0, SH0, ORGN0, IRGN0 or T0SZ", tcr);
    if (va >> bits == 0)
        walk(&entry, 0, entry.root, va >> 39, va);
    return entry;
}

/* ---- entries ---- */

static struct cached *tlb_find(struct cpu *cpu, enum regime regime, uint64_t vmid, uint64_t address)
{
    struct cached *found = NULL;
    for (unsigned i = 0; i < cpu->filled; i++) {
        struct cached *entry = &cpu->entries[i];
        if (!entry->used || entry->regime != regime || entry->vmid != vmid || address - entry->base >= entry->size)
            continue;
        if (found == NULL || entry->await_isb ||
            (found->pending != NOBODY && entry->pending == NOBODY && !found->await_isb))
            found = entry;
    }
    return found;
}

static void tlb_add(struct cpu *cpu, const struct cached *entry)
{
    struct cached *added = &cpu->entries[cpu->next];
    *added = *entry;
    added->used = true;
    cpu->next = (cpu->next + 1U) % TLB_ENTRIES;
    if (cpu->filled < TLB_ENTRIES)
        cpu->filled++;
}

/* A combined entry made from a walk or from a stage 2 entry. */
static void combined_add(struct cpu *cpu, const struct cached *from)
{
    struct cached both = *from;
    both.regime = REGIME_COMBINED;
    both.pending = NOBODY;
    tlb_add(cpu, &both);
}

static void hot_add(uint64_t *list, unsigned *count, uint64_t address)
{
    for (unsigned i = 0; i < *count && i < HOT; i++) {
        if (list[i] == address)
            return;
    }
    list[(*count)++ % HOT] = address;
}

static struct host_translation translation(const struct cached *entry, uint64_t address)
{
    struct host_translation result = entry->result;
    result.pa += address - entry->base;
    return result;
}

static struct host_translation guest_access(unsigned number, uint64_t ipa)
{
    struct cpu *cpu = &cpus[number];
    uint64_t vtcr = host_sysreg_get(number, KEY_VTCR_EL2);
    struct cached walked = walk_stage2(host_sysreg_get(number, KEY_VTTBR_EL2), vtcr, ipa);
    const struct cached *combined = tlb_find(cpu, REGIME_COMBINED, walked.vmid, ipa);
    const struct cached *stage2 = tlb_find(cpu, REGIME_STAGE2, walked.vmid, ipa);
    const struct cached *hit = combined != NULL ? combined : stage2;
    struct cached used = hit != NULL ? *hit : walked; /* adding entries may replace it */
    if (hit != NULL && hit->root != walked.root)
        host_fail("VMID %lu of the table at 0x%lx still has entries of the table at 0x%lx on CPU %u", walked.vmid,
                  walked.root, hit->root, number);
    bool combine = combined == NULL && used.result.valid;
    bool combine_again = combined != NULL && combined->pending != NOBODY && walked.result.valid;
    /* An entry that is on its way out may be gone: fetched again. */
    if ((stage2 == NULL || stage2->pending != NOBODY) && walked.result.valid)
        tlb_add(cpu, &walked);
    if (combine)
        combined_add(cpu, &used);
    if (combine_again)
        combined_add(cpu, &walked);
    return used.result.valid ? translation(&used, ipa) : used.result;
}

static struct host_translation el2_access(unsigned number, uint64_t va)
{
    struct cpu *cpu = &cpus[number];
    uint64_t ttbr = host_sysreg_get(number, KEY_TTBR0_EL2);
    const struct cached *hit = tlb_find(cpu, REGIME_EL2, 0, va);
    struct cached walked = walk_el2(ttbr, host_sysreg_get(number, KEY_TCR_EL2), va);
    struct cached used = hit != NULL ? *hit : walked;
    if ((hit == NULL || hit->pending != NOBODY) && walked.result.valid)
        tlb_add(cpu, &walked);
    return used.result.valid ? translation(&used, va) : used.result;
}

void host_tlb_page_zeroed(uint64_t pa)
{
    if (fresh_count > 0 && fresh[(fresh_count - 1U) % FRESH] == pa >> 12)
        return;
    if (fresh_count < FRESH)
        fresh[fresh_count++] = pa >> 12;
}

/* Walks on other CPUs, and EL2's on all, at the worst moment: every store but the zeroes is visible. */
static void race(void)
{
    unsigned self = host_cpu();
    racing = fresh_count > 0;
    for (unsigned number = 0; racing && number < HOST_CPUS; number++) {
        const struct cpu *cpu = &cpus[number];
        host_cpu_select(number);
        for (unsigned i = 0; number != self && cpu->in_guest && i < cpu->hot_ipas && i < HOT; i++)
            (void)walk_stage2(host_sysreg_get(number, KEY_VTTBR_EL2), host_sysreg_get(number, KEY_VTCR_EL2),
                              cpu->hot_ipa[i]);
        for (unsigned i = 0; i < cpu->hot_vas && i < HOT; i++)
            (void)walk_el2(host_sysreg_get(number, KEY_TTBR0_EL2), host_sysreg_get(number, KEY_TCR_EL2),
                           cpu->hot_va[i]);
    }
    host_cpu_select(self);
    racing = false;
    fresh_count = 0;
}

/* Every CPU uses again what it used before: what the architecture lets it do at any time (D8.2, speculative walks). */
static void speculate(void)
{
    unsigned self = host_cpu();
    cpus[self].in_guest = false;
    for (unsigned number = 0; number < HOST_CPUS; number++) {
        struct cpu *cpu = &cpus[number];
        host_cpu_select(number);
        for (unsigned i = 0; cpu->in_guest && i < cpu->hot_ipas && i < HOT; i++)
            (void)guest_access(number, cpu->hot_ipa[i]);
        for (unsigned i = 0; i < cpu->hot_vas && i < HOT; i++)
            (void)el2_access(number, cpu->hot_va[i]);
    }
    host_cpu_select(self);
}

/* ---- break-before-make ---- */

/* Bits that may change without it: access permissions, execute-never, access and dirty flags, software's own (D8.16.1). */
static uint64_t harmless_bits(enum regime regime)
{
    uint64_t own = 0xfULL << 55;
    return regime == REGIME_EL2 ? own | 1ULL << 54 | 1ULL << 7 : own | 3ULL << 53 | 3ULL << 6;
}

static void check_entry(unsigned number, const struct cached *entry)
{
    for (unsigned i = 0; i < entry->depth; i++) {
        uint64_t now = memory_read(entry->where[i]);
        uint64_t then = entry->what[i];
        bool is_leaf = i + 1U == entry->depth;
        if (now == then || (now & 1U) == 0)
            continue;
        if (!is_leaf || (now ^ then) & ~harmless_bits(entry->regime))
            host_fail("the descriptor at 0x%lx changed from 0x%lx to 0x%lx without break-before-make: CPU %u still has "
                      "an entry for 0x%lx",
                      entry->where[i], then, now, number, entry->base);
    }
}

static void check_all(void)
{
    for (unsigned number = 0; number < HOST_CPUS; number++) {
        for (unsigned i = 0; i < cpus[number].filled; i++) {
            const struct cached *entry = &cpus[number].entries[i];
            if (entry->used && !entry->await_isb)
                check_entry(number, entry);
        }
    }
}

/* ---- barriers ---- */

static void complete_entry(struct cached *entry, unsigned owner, unsigned self, bool broadcast)
{
    if (!entry->used || entry->pending != self || (!broadcast && !entry->local_only))
        return;
    if (entry->regime == REGIME_EL2 && owner == self)
        entry->await_isb = true;
    else
        entry->used = false;
}

void host_tlb_dsb(enum host_dsb kind)
{
    unsigned self = host_cpu();
    bool broadcast = kind == HOST_DSB_ISH || kind == HOST_DSB_SY;
    if (view_count == 0) {
        fresh_count = 0;
        return;
    }
    check_all();
    race();
    for (unsigned number = 0; kind != HOST_DSB_ISHST && number < HOST_CPUS; number++) {
        for (unsigned i = 0; i < cpus[number].filled; i++)
            complete_entry(&cpus[number].entries[i], number, self, broadcast);
    }
    if (kind != HOST_DSB_NSH)
        view_refresh();
    speculate();
}

void host_tlb_isb(void)
{
    unsigned self = host_cpu();
    cpus[self].in_guest = false;
    cpus[self].vttbr = host_sysreg_get(self, KEY_VTTBR_EL2);
    for (unsigned i = 0; i < cpus[self].filled; i++) {
        struct cached *entry = &cpus[self].entries[i];
        if (entry->await_isb)
            entry->used = entry->await_isb = false;
    }
}

/* ---- invalidation ---- */

/* A stage 2 entry that is out of date and not yet gone: combined entries may be made from it again. */
static bool refetched(const struct cpu *cpu, const struct cached *combined)
{
    for (unsigned i = 0; i < cpu->filled; i++) {
        const struct cached *entry = &cpu->entries[i];
        if (!entry->used || entry->regime != REGIME_STAGE2 || entry->vmid != combined->vmid)
            continue;
        if (combined->base - entry->base >= entry->size)
            continue;
        for (unsigned d = 0; d < entry->depth; d++) {
            if (memory_read(entry->where[d]) != entry->what[d])
                return true;
        }
    }
    return false;
}

struct invalidation {
    bool regimes[3];
    bool any_vmid;
    bool any_address;
    bool local;
    bool by_stage1; /* without stage 2 entries: combined ones may come back */
    uint64_t vmid;
    uint64_t address;
};

static void invalidate(const struct invalidation *how)
{
    check_all();
    for (unsigned number = 0; number < HOST_CPUS; number++) {
        struct cpu *cpu = &cpus[number];
        if (how->local && number != host_cpu())
            continue;
        for (unsigned i = 0; i < cpu->filled; i++) {
            struct cached *entry = &cpu->entries[i];
            bool match = entry->used && how->regimes[entry->regime] && (how->any_vmid || entry->vmid == how->vmid) &&
                         (how->any_address || how->address - entry->base < entry->size);
            if (!match || (how->by_stage1 && refetched(cpu, entry)))
                continue;
            entry->pending = host_cpu();
            entry->local_only = how->local;
        }
    }
    speculate();
}

/* By-VMID forms use VTTBR_EL2 as the last context synchronisation left it. */
static uint64_t current_vmid(void)
{
    uint64_t vtcr = host_sysreg_get(host_cpu(), KEY_VTCR_EL2);
    return field(cpus[host_cpu()].vttbr, field(vtcr, 19, 19) != 0 ? 63 : 55, 48);
}

void host_tlbi_ipas2e1is(uint64_t ipa)
{
    invalidate(&(struct invalidation){.regimes[REGIME_STAGE2] = true, .vmid = current_vmid(), .address = ipa});
}

void host_tlbi_vmalle1is(void)
{
    invalidate(&(struct invalidation){
        .regimes[REGIME_COMBINED] = true, .any_address = true, .by_stage1 = true, .vmid = current_vmid()});
}

void host_tlbi_vmalle1(void)
{
    invalidate(&(struct invalidation){.regimes[REGIME_COMBINED] = true,
                                      .any_address = true,
                                      .by_stage1 = true,
                                      .local = true,
                                      .vmid = current_vmid()});
}

void host_tlbi_vmalls12e1is(void)
{
    invalidate(&(struct invalidation){
        .regimes[REGIME_STAGE2] = true, .regimes[REGIME_COMBINED] = true, .any_address = true, .vmid = current_vmid()});
}

void host_tlbi_alle1is(void)
{
    invalidate(&(struct invalidation){
        .regimes[REGIME_STAGE2] = true, .regimes[REGIME_COMBINED] = true, .any_address = true, .any_vmid = true});
}

void host_tlbi_vae2is(uint64_t va)
{
    invalidate(&(struct invalidation){.regimes[REGIME_EL2] = true, .address = va});
}

void host_tlbi_alle2is(void)
{
    invalidate(&(struct invalidation){.regimes[REGIME_EL2] = true, .any_address = true});
}

/* ---- accesses ---- */

struct host_translation host_translate_ipa(uint64_t ipa)
{
    struct cpu *cpu = &cpus[host_cpu()];
    cpu->in_guest = true;
    cpu->vttbr = host_sysreg_get(host_cpu(), KEY_VTTBR_EL2); /* the exception return synchronised */
    hot_add(cpu->hot_ipa, &cpu->hot_ipas, ipa);
    check_all();
    return guest_access(host_cpu(), ipa);
}

struct host_translation host_translate_el2(uint64_t va)
{
    struct cpu *cpu = &cpus[host_cpu()];
    hot_add(cpu->hot_va, &cpu->hot_vas, va);
    check_all();
    return el2_access(host_cpu(), va);
}
