/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can this processor, in the state in which the firmware runs it, run the hypervisor? Registers of DDI 0487, chapter
 * D23. Called first by boot_main.c; a register of EL2 is read only after CurrentEL said 2.
 */
#include "boot.h"
#include "boot_cpu.h"

#define HCR_EL2_E2H (1ULL << 34)
#define SCTLR_EL2_M (1ULL << 0)
#define SCTLR_EL2_C (1ULL << 2)

static unsigned field(uint64_t value, unsigned low)
{
    return (unsigned)(value >> low) & 15U;
}

static EFI_STATUS check_exception_level(struct boot *boot)
{
    if (boot->exception_level == 2) {
        return EFI_SUCCESS;
    }
    if (boot->exception_level == 1) {
        boot_error(boot, "processor: this machine gives us EL1, a hypervisor needs EL2: enable virtualisation "
                         "(firmware set-up; for QEMU: -M virt,virtualization=on)");
    } else {
        boot_error(boot,
                   "processor: the firmware runs us at EL%u, a hypervisor starts at EL2: use a firmware that hands "
                   "over at EL2",
                   boot->exception_level);
    }
    return EFI_UNSUPPORTED;
}

/*
 * ID_AA64MMFR4_EL1.E2H0, a signed field: 0 says that HCR_EL2.E2H can be 0, a negative value that it is RES1. Where the
 * register does not exist yet it reads as zero (DDI 0487, the ID space is RAZ).
 */
static EFI_STATUS check_e2h(struct boot *boot)
{
    if (field(cpu_read_id_aa64mmfr4_el1(), 24) >= 8) {
        boot_error(boot,
                   "processor: HCR_EL2.E2H is fixed at 1 (ID_AA64MMFR4_EL1.E2H0 is negative), Ashlar runs with E2H "
                   "at 0: this processor can't be used");
        return EFI_UNSUPPORTED;
    }
    if ((cpu_read_hcr_el2() & HCR_EL2_E2H) != 0) {
        boot_error(
            boot,
            "processor: the firmware runs with HCR_EL2.E2H at 1 (0x%llx), its MMU set-up can't be used: use a firmware "
            "that leaves E2H at 0",
            cpu_read_hcr_el2());
        return EFI_UNSUPPORTED;
    }
    return EFI_SUCCESS;
}

/* UEFI 2.10, 2.3.6.1 promises all of this; a firmware that does not keep it is named. */
static EFI_STATUS check_mmu(struct boot *boot)
{
    uint64_t sctlr = cpu_read_sctlr_el2();

    if ((sctlr & SCTLR_EL2_M) == 0 || (sctlr & SCTLR_EL2_C) == 0) {
        boot_error(boot,
                   "processor: the firmware runs with the MMU or the data cache off (SCTLR_EL2 0x%llx), its MMU "
                   "set-up can't be used: UEFI asks for both on",
                   sctlr);
        return EFI_UNSUPPORTED;
    }
    if (((cpu_read_tcr_el2() >> 14) & 3U) != 0) {
        boot_error(boot,
                   "processor: the firmware's page tables have no 4 KiB granule (TCR_EL2 0x%llx), its MMU set-up "
                   "can't be used: UEFI asks for 4 KiB",
                   cpu_read_tcr_el2());
        return EFI_UNSUPPORTED;
    }
    /* TGran4: 0 and 1 say that it is there, 0xf that it is not. */
    if (field(cpu_read_id_aa64mmfr0_el1(), 28) == 15) {
        boot_error(boot, "processor: it has no 4 KiB granule (ID_AA64MMFR0_EL1.TGran4): it can't be used");
        return EFI_UNSUPPORTED;
    }
    return EFI_SUCCESS;
}

static EFI_STATUS check_gic(struct boot *boot)
{
    if (field(cpu_read_id_aa64pfr0_el1(), 24) != 0) {
        return EFI_SUCCESS;
    }
    boot_error(boot,
               "interrupt controller: no GICv3 system registers (ID_AA64PFR0_EL1.GIC is 0), Ashlar needs a GICv3 or "
               "later (for QEMU: -M virt,gic-version=3)");
    return EFI_UNSUPPORTED;
}

EFI_STATUS boot_checks(struct boot *boot)
{
    EFI_STATUS status = check_exception_level(boot);

    if (status == EFI_SUCCESS) {
        status = check_e2h(boot);
    }
    if (status == EFI_SUCCESS) {
        status = check_mmu(boot);
    }
    if (status == EFI_SUCCESS) {
        status = check_gic(boot);
    }
    if (status == EFI_SUCCESS) {
        boot_line(boot, "processor: MIDR 0x%08llx at EL2, E2H 0, 4 KiB granule, T0SZ %u, GICv3", cpu_read_midr_el1(),
                  (unsigned)cpu_read_tcr_el2() & 63U);
    }
    return status;
}
