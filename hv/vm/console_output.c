/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only sender of the machine's UART once the hypervisor runs: log lines, the monitor's text and prompt line, and what the VMs in view sent.
 * Owns the view and the stage, a short buffer of what is to go out next, under LOCK_RANK_CONSOLE. Nobody waits for the UART here: one context at a
 * time pumps, a full transmitter ends that, and its interrupt goes on.
 *
 * The path of a byte from the VM in view is console_vm_output: while nothing else waits, straight to the transmitter.
 */
#include "arch/cpu_wait.h"
#include "arch/phys.h"
#include "cpu/irq.h"
#include "cpu/prda.h"
#include "cpu/timer.h"
#include "cpu/uart.h"
#include "lib/bits.h"
#include "lib/log_hooks.h"
#include "lib/string.h"
#include "mem/page_alloc.h"
#include "sched/sched.h"
#include "vm/console.h"
#include "vm/console_events.h"
#include "vm/console_lines.h"
#include "vm/console_ring.h"
#include "vm/console_state.h"
#include "vm/console_view.h"

#define RING_ORDER 4U
#define STAGE_BYTES 512U
#define MONITOR_BYTES 2048U
#define CHUNK 64U
/* What a context that is not the monitor's thread sends before it leaves the rest to that. */
#define PUMP_STEPS 16U
/* The watched VM's UART is told to wait, and to go on. */
#define BACKLOG_FULL 2048U
#define BACKLOG_ROOM 1024U
#define LINES_TO_FOOTER 16U
#define FLUSH_NS 1000000000ULL

_Static_assert(CONSOLE_KEPT == PAGE_SIZE << RING_ORDER, "one allocation");

struct console_state console_state = {.lock = SPINLOCK_INIT(LOCK_RANK_CONSOLE)};

/* The VM whose bytes may go straight out: it is watched, has caught up, and nothing else waits. Atomic; written locked. */
static struct vm *direct;
static struct console_ring rings[CONFIG_MAX_VMS];
static struct console_lines lines = {.rings = rings};
static struct timer lines_timer;

static struct {
    uint8_t bytes[STAGE_BYTES];
    size_t at;
    size_t end;
} stage = {.at = 0};

static bool pumping;
static bool line_start = true;
static uint64_t log_shown;

static char monitor_text[MONITOR_BYTES];
static uint32_t monitor_read;
static uint32_t monitor_written;
static bool writer_waits;

/* The VM whose UART was told to wait. */
static struct vm *waiter;
static bool ticking; /* lines_timer is armed, or fires */

static char footer[CONSOLE_FOOTER_MAX]; /* wanted */
static size_t footer_size;
static char drawn[CONSOLE_FOOTER_MAX]; /* on the screen */
static size_t drawn_size;
static bool keep_asked;             /* the prompt line is to become ordinary text */
static bool kept;                   /* it has: the monitor waits for that */
static unsigned lines_since_footer; /* VMs that flood leave room for it */

static const struct config *configuration;

static const char *vm_name(unsigned index)
{
    return configuration->vms[index].name;
}

/* ---- what goes out next; all locked ---- */

static void stage_bytes(const char *bytes, size_t size)
{
    memcpy(stage.bytes, bytes, size);
    stage.at = 0;
    stage.end = size;
    line_start = size == 0U ? line_start : bytes[size - 1U] == '\n';
}

/* True: the cursor was not at the beginning of a clean line, and is on the way there. */
static bool clear_line(void)
{
    if (drawn_size != 0U) {
        drawn_size = 0;
        if (console_state.key_pressed) {
            stage_bytes("\r\x1b[K", 4);
            line_start = true;
        } else {
            stage_bytes("\r\n", 2);
        }
        return true;
    }
    if (!line_start) {
        stage_bytes("\r\n", 2);
        return true;
    }
    return false;
}

static bool stage_log(void)
{
    static struct log_line line;
    uint64_t position = log_shown;
    if (!log_read(&position, &line)) {
        return false;
    }
    if (line.level == LOG_DEBUG) {
        log_shown = position;
        return true;
    }
    if (!clear_line()) {
        log_shown = position;
        log_note_taken(position);
        stage_bytes(line.text, line.size);
    }
    return true;
}

static bool stage_monitor(void)
{
    char text[CHUNK];
    size_t count = 0;
    if (monitor_read == monitor_written) {
        return false;
    }
    if (drawn_size != 0U) {
        return clear_line();
    }
    while (monitor_read != monitor_written && count < CHUNK) {
        text[count++] = monitor_text[monitor_read++ % MONITOR_BYTES];
    }
    stage_bytes(text, count);
    return true;
}

static bool stage_lines(void)
{
    char text[STAGE_BYTES];
    if (!console_lines_ready(&lines)) {
        return false;
    }
    if (lines.open || !clear_line()) {
        lines_since_footer += lines.open ? 0U : 1U;
        stage_bytes(text, console_lines_next(&lines, text, sizeof(text)));
    }
    return true;
}

static bool footer_waits(void)
{
    bool wanted = console_state.view == VIEW_MONITOR || (console_state.view == VIEW_ALL && console_state.key_pressed);
    return wanted && (footer_size != drawn_size || memcmp(footer, drawn, drawn_size) != 0);
}

static bool stage_footer(void)
{
    bool extends = footer_size > drawn_size && memcmp(footer, drawn, drawn_size) == 0;
    if (!footer_waits()) {
        return false;
    }
    if (extends && (drawn_size != 0U || line_start)) {
        stage_bytes(footer + drawn_size, footer_size - drawn_size);
        memcpy(drawn, footer, footer_size);
        drawn_size = footer_size;
        lines_since_footer = 0;
        return true;
    }
    return clear_line();
}

static bool stage_kept_footer(void)
{
    if (!stage_footer()) {
        drawn_size = 0;
        footer_size = 0;
        keep_asked = false;
        kept = true;
    }
    return true;
}

static bool leave_ended_vm(void)
{
    if (!console_state.leave) {
        return false;
    }
    console_change_view(console_state.base, NULL);
    return true;
}

enum progress { PROGRESS_MORE, PROGRESS_IDLE, PROGRESS_FULL };

static enum progress send_watched(void)
{
    struct console_ring *ring = &rings[console_state.watched->index];
    uint8_t bytes[CHUNK];
    (void)console_ring_catch_up(ring);
    size_t count = console_ring_peek(ring, bytes, CHUNK);
    if (count == 0U) {
        return console_ring_waiting(ring) != 0U || leave_ended_vm() ? PROGRESS_MORE : PROGRESS_IDLE;
    }
    size_t sent = uart_send(bytes, count);
    ring->shown += sent;
    if (sent != 0U) {
        line_start = bytes[sent - 1U] == (uint8_t)'\n';
    }
    return sent == count ? PROGRESS_MORE : PROGRESS_FULL;
}

static bool stage_next(bool thread)
{
    if (lines.open) {
        return stage_lines();
    }
    if (keep_asked) {
        return stage_kept_footer();
    }
    if (stage_log() || stage_monitor()) {
        return true;
    }
    switch (console_state.view) {
    case VIEW_VM:
        return drawn_size != 0U && clear_line();
    case VIEW_ALL:
        return (lines_since_footer >= LINES_TO_FOOTER && stage_footer()) || stage_lines() || stage_footer();
    default:
        return thread && stage_footer();
    }
}

static enum progress advance(bool thread)
{
    if (stage.at == stage.end && !stage_next(thread)) {
        return console_state.view == VIEW_VM ? send_watched() : PROGRESS_IDLE;
    }
    stage.at += uart_send(stage.bytes + stage.at, stage.end - stage.at);
    return stage.at == stage.end ? PROGRESS_MORE : PROGRESS_FULL;
}

/* All went out. True: it may rest here; false: the watched VM sent a byte before it could see that it goes straight out now. */
static bool rest(void)
{
    (void)uart_send(NULL, 0);
    struct vm *vm = console_state.watched;
    if (vm == NULL) {
        return true;
    }
    rings[vm->index].flow = true;
    __atomic_store_n(&direct, vm, __ATOMIC_SEQ_CST);
    if (console_ring_waiting(&rings[vm->index]) == 0U) {
        return true;
    }
    __atomic_store_n(&direct, NULL, __ATOMIC_RELAXED);
    return false;
}

/* ---- pumping ---- */

static bool room_waits(void)
{
    return waiter != NULL &&
           (waiter != console_state.watched || console_ring_waiting(&rings[waiter->index]) <= BACKLOG_ROOM);
}

/* Locked; unlocked for a moment between two steps. */
static enum progress pump_steps(bool thread)
{
    enum progress progress = PROGRESS_MORE;
    __atomic_store_n(&direct, NULL, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < PUMP_STEPS; i++) {
        progress = advance(thread);
        if (progress == PROGRESS_FULL || (progress == PROGRESS_IDLE && rest())) {
            return progress;
        }
        spinlock_unlock(&console_state.lock);
        cpu_wait_yield();
        spinlock_lock(&console_state.lock);
    }
    return PROGRESS_MORE;
}

/*
 * One context at a time; what others add meanwhile it sees before it ends. thread: the monitor's own, which is not to be woken and draws its prompt line.
 */
static enum progress pump(bool thread)
{
    enum progress progress = PROGRESS_IDLE;
    spinlock_lock(&console_state.lock);
    bool mine = !pumping;
    if (mine) {
        pumping = true;
        progress = pump_steps(thread);
        pumping = false;
    }
    bool wake = !thread && (progress == PROGRESS_MORE || kept || footer_waits() || room_waits() ||
                            (writer_waits && monitor_written - monitor_read < MONITOR_BYTES / 2U));
    kept = kept && !wake && !thread;
    spinlock_unlock(&console_state.lock);
    if (wake) {
        console_wake_monitor();
    }
    return progress;
}

void console_pump(void)
{
    (void)pump(false);
}

/* By an interrupt to itself: a log line may be written with any lock held, among them the scheduler's. */
void console_wake_monitor(void)
{
    if (__atomic_load_n(&console_state.monitor, __ATOMIC_ACQUIRE) != NULL) {
        irq_send_sgi(PRDA->cpu, IRQ_SGI_CONSOLE);
    }
}

static enum irq_done console_interrupt(uint32_t intid, void *argument)
{
    (void)intid;
    (void)argument;
    world_wake(console_state.monitor);
    return IRQ_DEACTIVATE;
}

/* The watched VM's UART, told to wait, has room again. No lock held. */
static void tell_room(void)
{
    spinlock_lock(&console_state.lock);
    struct vm *vm = waiter;
    bool tell = room_waits();
    if (tell) {
        waiter = NULL;
        console_state.telling++;
    }
    spinlock_unlock(&console_state.lock);
    if (tell) {
        vm_uart.transmit_room(vm);
        spinlock_lock(&console_state.lock);
        console_state.telling--;
        spinlock_unlock(&console_state.lock);
    }
}

void console_room(void)
{
    console_pump();
    tell_room();
}

bool console_serve(void)
{
    enum progress progress = pump(true);
    tell_room();
    return progress == PROGRESS_MORE;
}

void console_flush(void)
{
    uint64_t end = timer_count() + timer_from_ns(FLUSH_NS);
    while (pump(false) != PROGRESS_IDLE && timer_count() < end) {
        cpu_wait_yield();
    }
}

/* ---- VMs ---- */

/* A byte was kept, and the VM was direct then. Apart, as most bytes come this way: what the other ways need is not saved for it. */
static __attribute__((noinline)) bool send_direct(const struct vm *vm, struct console_ring *ring)
{
    spinlock_lock(&console_state.lock);
    while (direct == vm && console_ring_waiting(ring) != 0U) {
        uint8_t byte = ring->bytes[ring->shown % CONSOLE_KEPT];
        if (uart_send(&byte, 1) == 0U) {
            __atomic_store_n(&direct, NULL, __ATOMIC_RELAXED);
        } else {
            ring->shown++;
            line_start = byte == (uint8_t)'\n';
        }
    }
    spinlock_unlock(&console_state.lock);
    return true;
}

/* Too much waits: the UART has to wait, once it was in step. */
static bool backlog_allowed(struct vm *vm, const struct console_ring *ring)
{
    spinlock_lock(&console_state.lock);
    bool late = console_state.watched == vm && ring->flow && console_ring_waiting(ring) >= BACKLOG_FULL;
    if (late && waiter == NULL) {
        waiter = vm;
    }
    late = late && waiter == vm;
    spinlock_unlock(&console_state.lock);
    return !late;
}

/* Not straight out: VMs are shown by lines, or it is not in view, or others are before it. */
static __attribute__((noinline)) bool keep_later(struct vm *vm, struct console_ring *ring, uint8_t byte)
{
    if (byte == (uint8_t)'\n' && __atomic_load_n(&console_state.view, __ATOMIC_SEQ_CST) == VIEW_ALL) {
        console_pump();
    }
    return console_ring_waiting(ring) < BACKLOG_FULL || backlog_allowed(vm, ring);
}

bool console_vm_output(struct vm *vm, uint8_t byte)
{
    struct console_ring *ring = &rings[vm->index];
    console_ring_put(ring, byte);
    if (__atomic_load_n(&direct, __ATOMIC_SEQ_CST) == vm) {
        return send_direct(vm, ring);
    }
    return keep_later(vm, ring, byte);
}

void console_vm_begin(struct vm *vm)
{
    spinlock_lock(&console_state.lock);
    console_state.live[vm->index] = true;
    waiter = waiter == vm ? NULL : waiter;
    if (console_state.watched == vm) {
        console_state.leave = false;
        console_input_drop();
    }
    spinlock_unlock(&console_state.lock);
}

void console_vm_end(struct vm *vm)
{
    bool busy = true;
    while (busy) {
        spinlock_lock(&console_state.lock);
        if (console_state.live[vm->index] && console_state.watched == vm) {
            console_state.leave = true;
        }
        console_state.live[vm->index] = false;
        waiter = waiter == vm ? NULL : waiter;
        busy = !console_input_idle() || console_state.telling != 0U;
        spinlock_unlock(&console_state.lock);
        cpu_wait_yield();
    }
    console_pump();
}

/* ---- the view ---- */

void console_change_view(enum console_view view, struct vm *vm)
{
    if (console_state.watched != vm) {
        console_input_drop();
    }
    if (console_state.watched != NULL) {
        rings[console_state.watched->index].flow = false;
    }
    __atomic_store_n(&direct, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&console_state.view, view, __ATOMIC_SEQ_CST);
    console_state.watched = vm;
    console_state.leave = false;
}

static void view_lines(enum console_view view)
{
    spinlock_lock(&console_state.lock);
    console_state.base = view;
    console_change_view(view, NULL);
    bool start_ticking = view == VIEW_ALL && !ticking;
    ticking = ticking || start_ticking;
    spinlock_unlock(&console_state.lock);
    if (start_ticking) {
        timer_arm(&lines_timer, timer_count() + timer_from_ns(CONSOLE_LINES_TICK_NS));
    }
    console_pump();
}

static void lines_tick(struct timer *timer)
{
    spinlock_lock(&console_state.lock);
    ticking = console_state.base == VIEW_ALL;
    bool more = ticking;
    if (console_state.view == VIEW_ALL) {
        console_lines_tick(&lines);
    }
    spinlock_unlock(&console_state.lock);
    if (more) {
        timer_arm(timer, timer_count() + timer_from_ns(CONSOLE_LINES_TICK_NS));
        console_pump();
    }
}

void console_view_monitor(void)
{
    view_lines(VIEW_MONITOR);
}

void console_view_all(void)
{
    view_lines(VIEW_ALL);
}

uint64_t console_lost(const struct vm *vm)
{
    spinlock_lock(&console_state.lock);
    uint64_t lost = console_ring_catch_up(&rings[vm->index]);
    spinlock_unlock(&console_state.lock);
    return lost;
}

void console_view_vm(struct vm *vm)
{
    spinlock_lock(&console_state.lock);
    console_change_view(VIEW_VM, vm);
    spinlock_unlock(&console_state.lock);
    console_pump();
}

/* ---- the monitor ---- */

enum status console_set_monitor(struct world *monitor)
{
    enum status status = irq_register(IRQ_SGI_CONSOLE, console_interrupt, NULL);
    if (status == STATUS_OK) {
        /* After its interrupt's handler: a CPU that sees the one has the other. */
        __atomic_store_n(&console_state.monitor, monitor, __ATOMIC_RELEASE);
        world_wake(monitor);
    }
    return status;
}

/* As much as fits; the rest is the caller's. */
static size_t put_text(const char *text, size_t size)
{
    size_t taken = 0;
    spinlock_lock(&console_state.lock);
    while (taken < size && monitor_written - monitor_read + 2U <= MONITOR_BYTES) {
        if (text[taken] == '\n') {
            monitor_text[monitor_written++ % MONITOR_BYTES] = '\r';
        }
        monitor_text[monitor_written++ % MONITOR_BYTES] = text[taken++];
    }
    writer_waits = taken < size;
    spinlock_unlock(&console_state.lock);
    return taken;
}

void console_write(const char *text, size_t size)
{
    for (;;) {
        size_t taken = put_text(text, size);
        text += taken;
        size -= taken;
        if (!console_serve() && size != 0U && taken == 0U) {
            sched_block();
        }
        if (size == 0U) {
            return;
        }
        sched_relax();
    }
}

void console_set_footer(const char *bytes, size_t size)
{
    spinlock_lock(&console_state.lock);
    footer_size = size < CONSOLE_FOOTER_MAX ? size : CONSOLE_FOOTER_MAX;
    memcpy(footer, bytes, footer_size);
    spinlock_unlock(&console_state.lock);
}

static bool footer_kept(void)
{
    spinlock_lock(&console_state.lock);
    bool waits = keep_asked;
    spinlock_unlock(&console_state.lock);
    return !waits;
}

void console_keep_footer(void)
{
    spinlock_lock(&console_state.lock);
    keep_asked = true;
    spinlock_unlock(&console_state.lock);
    while (!footer_kept()) {
        if (!console_serve() && !footer_kept()) {
            sched_block();
        }
    }
}

/* ---- start ---- */

static enum status create_ring(unsigned index)
{
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_HV, RING_ORDER, &pa);
    if (status == STATUS_OK) {
        rings[index].bytes = phys_to_pointer(pa.pa);
    }
    return status;
}

enum status console_start(const struct config *config)
{
    configuration = config;
    lines.count = config->vm_count;
    lines.name = vm_name;
    lines_timer.fire = lines_tick;
    for (unsigned i = 0; i < config->vm_count; i++) {
        enum status status = create_ring(i);
        if (status != STATUS_OK) {
            return status;
        }
    }
    log_shown = log_position();
    log_note_taken(log_shown);
    log_take_over(console_pump);
    return STATUS_OK;
}
