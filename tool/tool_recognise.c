/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names what somebody may take for a kernel by mistake, by the magic numbers of each format. The order of the table
 * matters: specific before general (an EFI application starts with a DOS header, a boot sector ends in 55 AA).
 * Called by tool_kernel.c; owns no state. ELF machines: System V gABI; PE machines: Microsoft PE/COFF specification.
 */
#include "tool_recognise.h"

#include <stdbool.h>
#include <string.h>

struct magic {
    size_t offset;
    size_t length;
    const char *bytes;
    const char *name;
};

struct machine {
    uint16_t number;
    const char *elf;
    const char *pe;
};

static const struct magic magics[] = {
    {0x202, 4, "HdrS", "an x86 bzImage kernel"},
    {48, 5, "RISCV", "a RISC-V kernel"},
    {36, 4, "\x18\x28\x6f\x01", "a 32-bit Arm zImage kernel"},
    {36, 4, "\x01\x6f\x28\x18", "a big-endian 32-bit Arm zImage kernel"},
    {0, 4, "\x27\x05\x19\x56", "a U-Boot uImage"},
    {0, 4, "\xd0\x0d\xfe\xed", "a device tree or FIT image"},
    {0, 8, "ANDROID!", "an Android boot image"},
    {0, 6, "070701", "a cpio archive, perhaps an initrd"},
    {0, 6, "070702", "a cpio archive, perhaps an initrd"},
    {0, 6, "070707", "a cpio archive"},
    {0, 2, "\xc7\x71", "a cpio archive"},
    {257, 5, "ustar", "a tar archive"},
    {0, 8, "!<arch>\n", "an ar archive, perhaps a Debian package"},
    {0, 4, "PK\x03\x04", "a zip archive"},
    {0, 6, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
    {0, 4, "Rar!", "a RAR archive"},
    {0, 2, "\x1f\x8b", "a gzip file"},
    {0, 6, "\xfd\x37zXZ\0", "an xz file"},
    {0, 4, "\x28\xb5\x2f\xfd", "a zstd file, perhaps an initrd"},
    {0, 3, "BZh", "a bzip2 file"},
    {0, 4, "\x04\x22\x4d\x18", "an lz4 file"},
    {0, 4, "\x02\x21\x4c\x18", "an lz4 file"},
    {0, 4, "\x89LZO", "an lzop file"},
    {0, 4, "LZIP", "an lzip file"},
    {0, 5, "\x5d\0\0\x80\0", "an lzma file"},
    {0, 4, "\xed\xab\xee\xdb", "an RPM package"},
    {0, 4, "hsqs", "a squashfs file system"},
    {0, 4, "QFI\xfb", "a qcow2 disk image"},
    {0, 4, "KDMV", "a VMDK disk image"},
    {512, 8, "EFI PART", "a GPT disk image"},
    {4096, 8, "EFI PART", "a GPT disk image"},
    {32769, 5, "CD001", "an ISO 9660 image"},
    {1080, 2, "\x53\xef", "an ext2/3/4 file system"},
    {40, 4, "_FVH", "UEFI firmware"},
    {0, 4, "\xcf\xfa\xed\xfe", "a Mach-O program"},
    {0, 4, "\xca\xfe\xba\xbe", "a Mach-O program or Java class"},
    {0, 4, "\0asm", "a WebAssembly module"},
    {0, 2, "BC\xc0\xde", "LLVM bitcode"},
    {0, 4, "%PDF", "a PDF document"},
    {0, 4, "\x89PNG", "a PNG picture"},
    {0, 3, "\xff\xd8\xff", "a JPEG picture"},
    {0, 16, "SQLite format 3\0", "an SQLite database"},
    {510, 2, "\x55\xaa", "a boot sector or disk image"},
};

/* Numbers of ELF's e_machine in .elf rows, of PE's Machine in .pe rows. */
static const struct machine elf_machines[] = {
    {3, "an ELF file for 32-bit x86", NULL},
    {8, "an ELF file for MIPS", NULL},
    {20, "an ELF file for 32-bit POWER", NULL},
    {21, "an ELF file for 64-bit POWER", NULL},
    {22, "an ELF file for s390", NULL},
    {40, "an ELF file for 32-bit Arm", NULL},
    {43, "an ELF file for SPARC", NULL},
    {62, "an ELF file for x86-64", NULL},
    {183, "an ELF file for arm64; objcopy -O binary makes a flat one", NULL},
    {243, "an ELF file for RISC-V", NULL},
    {258, "an ELF file for LoongArch", NULL},
};

static const struct machine pe_machines[] = {
    {0x014c, NULL, "an EFI or Windows program for 32-bit x86"},
    {0x8664, NULL, "an EFI or Windows program for x86-64"},
    {0x01c2, NULL, "an EFI program for 32-bit Arm"},
    {0x01c4, NULL, "an EFI or Windows program for 32-bit Arm"},
    {0xaa64, NULL, "an EFI or Windows program for arm64"},
    {0x5032, NULL, "an EFI program for 32-bit RISC-V"},
    {0x5064, NULL, "an EFI program for 64-bit RISC-V"},
    {0x6264, NULL, "an EFI program for LoongArch"},
    {0x0ebc, NULL, "EFI byte code"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *recognise_elf(const uint8_t *bytes, size_t size)
{
    if (size < 20 || memcmp(bytes, "\177ELF", 4) != 0)
        return NULL;
    bool big = bytes[5] == 2;
    unsigned int number = big ? (unsigned int)bytes[18] << 8 | bytes[19] : (unsigned int)bytes[19] << 8 | bytes[18];
    for (size_t i = 0; i < COUNT(elf_machines); i++) {
        if (elf_machines[i].number == number)
            return elf_machines[i].elf;
    }
    return "an ELF file for another machine";
}

static const char *recognise_pe(const uint8_t *bytes, size_t size)
{
    if (size < 64 || memcmp(bytes, "MZ", 2) != 0)
        return NULL;
    size_t header = (size_t)bytes[60] | (size_t)bytes[61] << 8 | (size_t)bytes[62] << 16 | (size_t)bytes[63] << 24;
    if (header > size || size - header < 6 || memcmp(bytes + header, "PE\0\0", 4) != 0)
        return "a DOS program";
    unsigned int number = (unsigned int)bytes[header + 5] << 8 | bytes[header + 4];
    for (size_t i = 0; i < COUNT(pe_machines); i++) {
        if (pe_machines[i].number == number)
            return pe_machines[i].pe;
    }
    return "an EFI or Windows program for another machine";
}

/* Text: printable ASCII, white space and UTF-8 only, in the first kilobytes. */
static const char *recognise_text(const uint8_t *bytes, size_t size)
{
    size_t length = size > 4096 ? 4096 : size;
    if (size >= 2 && memcmp(bytes, "#!", 2) == 0)
        return "a script";
    for (size_t i = 0; i < length; i++) {
        bool space = bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] == '\t' || bytes[i] == '\f' || bytes[i] == 0x1b;
        if ((bytes[i] < 0x20 && !space) || bytes[i] == 0x7f || bytes[i] >= 0xf5)
            return NULL;
    }
    return "a text file";
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size && bytes[at] == 0)
        at++;
    return at == size;
}

const char *recognise(const uint8_t *bytes, size_t size)
{
    const char *name = recognise_elf(bytes, size);
    for (size_t i = 0; name == NULL && i < COUNT(magics); i++) {
        const struct magic *magic = &magics[i];
        if (size >= magic->offset && size - magic->offset >= magic->length &&
            memcmp(bytes + magic->offset, magic->bytes, magic->length) == 0) {
            /* the boot-sector mark is also in an x86 EFI program's space; a program is the better name */
            const char *program = magic->offset == 510 ? recognise_pe(bytes, size) : NULL;
            name = program != NULL ? program : magic->name;
        }
    }
    if (name == NULL)
        name = recognise_pe(bytes, size);
    if (name == NULL)
        name = recognise_text(bytes, size);
    if (name == NULL && is_zero(bytes, size))
        name = "nothing but zeros";
    return name;
}
