/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the workload in a Linux guest (bench/boot/init): `stamp NAME` prints NAME and the virtual counter in counts; `stamp NAME CALLS`
 * makes that many system calls first. Static, without a C library, so that it costs the same everywhere. System calls as in Linux's arm64
 * ABI: number in x8, arguments and result in x0 to x5.
 */
#include <stdint.h>

#define SYS_WRITE 64
#define SYS_EXIT 93
#define SYS_GETPPID 173

_Noreturn void stamp_main(const uint64_t *stack);

static int64_t system_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return (int64_t)x0;
}

static uint64_t counter(void)
{
    uint64_t value;
    __asm__ volatile("isb\n\tmrs %0, CNTVCT_EL0\n\tisb" : "=r"(value)::"memory");
    return value;
}

static uint64_t number_read(const char *text)
{
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10U + (uint64_t)(*text - '0');
    return value;
}

/* "NAME 00001234": always as many digits. */
static void print(const char *name, uint64_t value)
{
    char line[64];
    uint64_t at = 0;
    for (; name[at] != '\0' && at < 32U; at++)
        line[at] = name[at];
    line[at++] = ' ';
    for (uint64_t i = 20; i-- > 0; value /= 10U)
        line[at + i] = (char)('0' + value % 10U);
    at += 20;
    line[at++] = '\n';
    (void)system_call(SYS_WRITE, 1, (uint64_t)(uintptr_t)line, at);
}

/* stack: argc, argv[0], ... */
void stamp_main(const uint64_t *stack)
{
    uint64_t calls = stack[0] > 2U ? number_read((const char *)(uintptr_t)stack[3]) : 0U;
    for (uint64_t i = 0; i < calls; i++)
        (void)system_call(SYS_GETPPID, 0, 0, 0);
    uint64_t now = counter();
    if (stack[0] > 1U)
        print((const char *)(uintptr_t)stack[2], now);
    for (;;)
        (void)system_call(SYS_EXIT, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tmov x29, xzr\n\tmov x30, xzr\n\tb stamp_main\n");
