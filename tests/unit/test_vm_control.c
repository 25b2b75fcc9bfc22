/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator may ask of VMs, on four CPUs in simulated time: chosen cases, then requests at random from a thread on each CPU, while
 * guests reset, end and crash as they like. A model of its own, written after the table in vm_control.h, knows which states each VM
 * may be in, and so which answers are possible.
 */
#define VMS 4U
#include "machine_guests.h"

#include "dev/pl061.h"

#define SECOND_ENTRY 0x40200000ULL

static void configure_all(void)
{
    static const enum config_crash crash[VMS] = {CONFIG_CRASH_HOLD, CONFIG_CRASH_RESTART, CONFIG_CRASH_STOP,
                                                 CONFIG_CRASH_HOLD};
    static const uint32_t cpus[VMS] = {3, 2, 1, 4};
    for (unsigned i = 0; i < VMS; i++) {
        configure(i, cpus[i]);
        config.vms[i].on_crash = crash[i];
        config.vms[i].on_reset = i == 3U ? CONFIG_RESET_STOP : CONFIG_RESET_RESTART;
        config.vms[i].stop_timeout_ms = 10;
    }
}

static int boot(void **unused)
{
    (void)unused;
    guests_boot("vm_control", configure_all);
    return 0;
}

/* ---- what guests do ---- */

/* As an abort in its own vectors: decided in a trap, acted upon on the way back. */
static void guest_crash(struct vcpu *vcpu)
{
    vm_request(vcpu->vm, VM_REQUEST_CRASH, "chosen by its guest");
    guest_leave(vcpu);
    guest_after_exit(vcpu);
}

static uint64_t last_virtual[VMS]; /* virtual time of a VM never goes back, on whichever vCPU */

static void look_at_the_clock(struct vcpu *vcpu)
{
    uint64_t now = timer_count() - sysreg_read(CNTVOFF_EL2);
    assert_true(now >= last_virtual[vcpu->vm->index]);
    last_virtual[vcpu->vm->index] = now;
}

static void begin(struct vcpu *vcpu)
{
    if (vcpu->entry != SECOND_ENTRY) {
        last_virtual[vcpu->vm->index] = 0;
        for (uint64_t i = 1; i < vcpu->vm->vcpu_count; i++) {
            int64_t answer = (int64_t)guest_hvc(vcpu, PSCI_CPU_ON, i, SECOND_ENTRY, 0);
            assert_true(answer == 0 || answer == -4 || answer == -5); /* those that are up start others */
        }
    }
}

static void spin(struct vcpu *vcpu)
{
    begin(vcpu);
    for (;;) {
        enum vm_state state = vcpu->vm->state;
        assert_true(state == VM_RUNNING || state == VM_PAUSING || state == VM_STOPPING);
        look_at_the_clock(vcpu);
        guest_run(vcpu, 500);
    }
}

static void sleep_for_ever(struct vcpu *vcpu)
{
    begin(vcpu);
    for (;;) {
        (void)guest_hvc(vcpu, PSCI_CPU_SUSPEND, 0, 0, 0);
        look_at_the_clock(vcpu);
    }
}

static void do_anything(struct vcpu *vcpu)
{
    begin(vcpu);
    for (;;) {
        guest_run(vcpu, 200U + seeded_below(&sim_seed, 3000));
        look_at_the_clock(vcpu);
        switch (seeded_below(&sim_seed, 400)) {
        case 0:
        case 1:
            (void)guest_hvc(vcpu, PSCI_SYSTEM_RESET, 0, 0, 0);
            break;
        case 2:
            (void)guest_hvc(vcpu, PSCI_SYSTEM_OFF, 0, 0, 0);
            break;
        case 3:
        case 7:
        case 8:
            guest_crash(vcpu);
            break;
        case 4:
        case 5:
            (void)guest_hvc(vcpu, PSCI_CPU_SUSPEND, 0, 0, 0);
            break;
        case 6:
            (void)guest_hvc(vcpu, PSCI_CPU_OFF, 0, 0, 0);
            break;
        default:
            (void)guest_hvc(vcpu, PSCI_CPU_ON, seeded_below(&sim_seed, vcpu->vm->vcpu_count), SECOND_ENTRY, 0);
            break;
        }
    }
}

/* ---- chosen cases: the test itself asks, in an interrupt of CPU 0 ---- */

static struct vm *awaited_vm;
static enum vm_state awaited_state;

static bool awaited(void)
{
    return awaited_vm->state == awaited_state;
}

static void until(unsigned index, enum vm_state state)
{
    awaited_vm = vm_get(index);
    awaited_state = state;
    if (!sim_run(awaited, sim_now() + 1000U * MS)) {
        fail_msg("vm%u is %s and does not become %s", index, vm_state_name(awaited_vm->state), vm_state_name(state));
    }
    sim_interrupt_cpu0();
}

static struct vm *up(unsigned index, void (*program)(struct vcpu *vcpu))
{
    memset(starts[index], 0, sizeof(starts[index]));
    programs[index] = program;
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_start(vm_get(index)), STATUS_OK);
    until(index, VM_RUNNING);
    sim_run_for(2U * MS);
    sim_interrupt_cpu0();
    return vm_get(index);
}

static void down(struct vm *vm)
{
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_stop(vm, true), STATUS_OK);
    until(vm->index, VM_OFF);
    assert_int_equal(vm->ended, VM_REQUEST_STOP);
}

static uint64_t ticks_of(struct vm *vm)
{
    struct vm_report report;
    vm_control_report(vm, &report);
    return report.run_ticks;
}

static void test_pause_and_resume(void **unused)
{
    (void)unused;
    struct vm *vm = up(0, spin);
    assert_int_equal(vm_control_resume(vm), STATUS_EXISTS);
    assert_int_equal(vm_control_start(vm), STATUS_EXISTS);
    assert_int_equal(vm_control_pause(vm), STATUS_OK);
    assert_int_equal(vm_control_pause(vm), STATUS_EXISTS);
    until(0, VM_PAUSED);
    uint64_t virtual = last_virtual[0];
    uint64_t ran = ticks_of(vm);
    /* Nothing wakes it: a kick as of a device's interrupt, its neighbour's start. */
    vcpu_kick(vm->vcpus[1], VCPU_WORK_IRQ);
    sim_run_for(100U * MS);
    assert_int_equal(last_virtual[0], virtual);
    assert_int_equal(ticks_of(vm), ran);
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        assert_null(prda_of(i)->resident);
    }
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_resume(vm), STATUS_OK);
    assert_int_equal(vm->state, VM_RUNNING);
    sim_run_for(5U * MS);
    assert_true(last_virtual[0] > virtual);
    assert_true(last_virtual[0] < virtual + 10U * MS);
    assert_int_equal(starts[0][0], 1);
    assert_int_equal(starts[0][1], 1);
    down(vm);
}

static void test_a_sleeper_is_paused(void **unused)
{
    (void)unused;
    struct vm *vm = up(1, sleep_for_ever);
    for (unsigned i = 0; i < 5U; i++) {
        assert_int_equal(vm_control_pause(vm), STATUS_OK);
        until(1, VM_PAUSED);
        assert_int_equal(vm_control_resume(vm), STATUS_OK);
        sim_run_for(MS);
        sim_interrupt_cpu0();
    }
    /* Taken back before it has happened. */
    assert_int_equal(vm_control_pause(vm), STATUS_OK);
    assert_int_equal(vm_control_resume(vm), STATUS_OK);
    sim_run_for(5U * MS);
    assert_int_equal(vm->state, VM_RUNNING);
    down(vm);
}

/* A guest that never looks at its button. */
static void test_the_button_then_the_power(void **unused)
{
    (void)unused;
    struct vm *vm = up(0, spin);
    uint64_t begun = sim_now();
    assert_int_equal(vm_control_stop(vm, false), STATUS_OK);
    const struct mmio_region *gpio = mmio_bus_find(&vm->mmio, PL061_BASE + (8U << 2), 4);
    assert_int_equal(gpio->ops->read(vm->vcpus[0], gpio->device, 8U << 2, 4).value, 8);
    assert_int_equal(vm_control_pause(vm), STATUS_BUSY);
    assert_int_equal(vm_control_start(vm), STATUS_BUSY);
    assert_int_equal(vm_control_stop(vm, false), STATUS_OK);
    sim_run_for(8U * MS);
    assert_int_equal(vm->state, VM_RUNNING);
    until(0, VM_OFF);
    assert_true(sim_now() - begun >= 10U * MS);
    assert_int_equal(vm->ended, VM_REQUEST_STOP);
    assert_int_equal(starts[0][0], 1);
}

static void heed(struct vcpu *vcpu)
{
    while (!vcpu->vm->stop_asked) {
        guest_run(vcpu, 500);
    }
    guest_run(vcpu, MS);
    (void)guest_hvc(vcpu, vcpu->vm->index == 1U ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void test_a_guest_heeds_the_button(void **unused)
{
    (void)unused;
    /* A reset where it was asked to stop does not bring it back. */
    for (unsigned i = 0; i < 2U; i++) {
        struct vm *vm = up(i, heed);
        assert_int_equal(vm_control_stop(vm, false), STATUS_OK);
        until(i, VM_OFF);
        assert_int_equal(vm->ended, i == 0U ? VM_REQUEST_OFF : VM_REQUEST_RESET);
        assert_int_equal(starts[i][0], 1);
        assert_false(vm->stop_asked);
        assert_false(vm->stop_timer.armed);
    }
}

static void test_a_reset_takes_the_stop_back(void **unused)
{
    (void)unused;
    struct vm *vm = up(3, spin); /* on_reset: stop is not the administrator's reset */
    assert_int_equal(vm_control_stop(vm, false), STATUS_OK);
    assert_int_equal(vm_control_reset(vm), STATUS_OK);
    assert_int_equal(vm_control_reset(vm), STATUS_BUSY);
    sim_run_for(50U * MS);
    assert_int_equal(vm->state, VM_RUNNING);
    assert_int_equal(starts[3][0], 2);
    assert_int_equal(vm->ended, VM_REQUEST_RESTART);
    down(vm);
}

static void crash(struct vcpu *vcpu)
{
    begin(vcpu);
    guest_run(vcpu, MS);
    if (vcpu->index == 1U) {
        guest_crash(vcpu);
    }
    guest_run(vcpu, 1ULL << 40);
}

static void test_a_held_vm_is_there_until_it_is_reset(void **unused)
{
    struct vm_report report;
    (void)unused;
    struct vm *vm = up(0, crash);
    until(0, VM_HELD);
    vm_control_report(vm, &report);
    assert_int_equal(report.state, VM_HELD);
    assert_int_equal(report.vcpus_on, 3);
    assert_true(report.owned > report.memory);
    assert_int_equal(report.memory, 0x800000);
    assert_int_equal(vm_control_pause(vm), STATUS_INVALID);
    assert_int_equal(vm_control_resume(vm), STATUS_INVALID);
    assert_int_equal(vm_control_start(vm), STATUS_EXISTS);
    uint8_t byte = 0;
    assert_int_equal(guest_read(&vm->memory, ipa_make(VM_RAM_BASE + 0x80000U), &byte, 1), STATUS_OK);
    assert_int_equal(byte, 0x5a);
    programs[0] = spin;
    assert_int_equal(vm_control_reset(vm), STATUS_OK);
    sim_run_for(50U * MS);
    assert_int_equal(vm->state, VM_RUNNING);
    assert_int_equal(vm->ended, VM_REQUEST_RESTART);
    down(vm);
    vm = up(0, crash);
    until(0, VM_HELD);
    assert_int_equal(vm_control_stop(vm, false), STATUS_OK);
    until(0, VM_OFF);
}

static bool now;
static uint64_t last_call;

/* No interrupt comes between: what was asked for is on its way just as the HVC is executed. */
static void call_when_told(struct vcpu *vcpu)
{
    begin(vcpu);
    if (vcpu->index != 1U) {
        guest_run(vcpu, 1ULL << 40);
    }
    while (!now) {
        sim_work(500);
    }
    (void)guest_hvc(vcpu, last_call, 0, 0, 0);
    fail_msg("it goes on after its end");
}

static struct vm *race(enum status (*ask_for)(struct vm *vm), uint64_t call)
{
    last_call = call;
    now = false;
    struct vm *vm = up(0, call_when_told);
    sim_run_for(2U * MS);
    sim_interrupt_cpu0();
    assert_int_equal(ask_for(vm), STATUS_OK);
    programs[0] = spin;
    now = true;
    sim_run_for(50U * MS);
    sim_interrupt_cpu0();
    return vm;
}

/* The administrator was told that it will be reset, or paused: so it is, whatever the guest calls in its last moment. */
static void test_a_guest_does_not_overrule(void **unused)
{
    (void)unused;
    struct vm *vm = race(vm_control_reset, PSCI_SYSTEM_OFF);
    assert_int_equal(vm->state, VM_RUNNING);
    assert_int_equal(vm->ended, VM_REQUEST_RESTART);
    down(vm);
    vm = race(vm_control_pause, PSCI_SYSTEM_RESET);
    assert_int_equal(vm->state, VM_PAUSED);
    assert_int_equal(vm->ended, VM_REQUEST_RESET);
    down(vm);
    vm = race(vm_control_pause, PSCI_SYSTEM_OFF);
    assert_int_equal(vm->state, VM_OFF);
    assert_int_equal(vm->ended, VM_REQUEST_OFF);
}

static void test_nothing_is_asked_of_what_is_off(void **unused)
{
    (void)unused;
    struct vm *vm = vm_get(2);
    sim_interrupt_cpu0();
    assert_int_equal(vm_control_stop(vm, false), STATUS_NOT_FOUND);
    assert_int_equal(vm_control_stop(vm, true), STATUS_NOT_FOUND);
    assert_int_equal(vm_control_reset(vm), STATUS_NOT_FOUND);
    assert_int_equal(vm_control_pause(vm), STATUS_NOT_FOUND);
    assert_int_equal(vm_control_resume(vm), STATUS_NOT_FOUND);
}

/* While it starts: stopped, paused, paused and resumed. */
static void test_asked_while_it_starts(void **unused)
{
    (void)unused;
    struct vm *vm = vm_get(0);
    programs[0] = spin;
    for (unsigned round = 0; round < 20U; round++) {
        memset(starts[0], 0, sizeof(starts[0]));
        sim_interrupt_cpu0();
        assert_int_equal(vm_control_start(vm), STATUS_OK);
        sim_preempt = 2;
        sim_run_for(seeded_below(&sim_seed, 3000));
        sim_interrupt_cpu0();
        sim_preempt = 0;
        assert_int_equal(vm_control_stop(vm, true), STATUS_OK);
        until(0, VM_OFF);
        assert_int_equal(page_alloc_bytes(OWNER_VM(0)), 0);
    }
    memset(starts[0], 0, sizeof(starts[0]));
    assert_int_equal(vm_control_start(vm), STATUS_OK);
    assert_int_equal(vm_control_reset(vm), STATUS_BUSY);
    assert_int_equal(vm_control_resume(vm), STATUS_EXISTS);
    assert_int_equal(vm_control_pause(vm), STATUS_OK);
    assert_int_equal(vm_control_pause(vm), STATUS_EXISTS);
    until(0, VM_PAUSED);
    sim_run_for(10U * MS);
    assert_int_equal(starts[0][0], 0);
    sim_interrupt_cpu0();
    /* Its button is pressed: it goes on. */
    assert_int_equal(vm_control_stop(vm, false), STATUS_OK);
    sim_run_for(2U * MS);
    assert_int_equal(starts[0][0], 1);
    until(0, VM_OFF);
}

/* ---- the model ---- */

enum model {
    M_OFF,
    M_STARTING,
    M_STARTING_P, /* to be paused */
    M_RUNNING,
    M_RUNNING_S, /* the button was pressed */
    M_PAUSING,
    M_PAUSED,
    M_HOLDING,
    M_HELD,
    M_STOP_OFF, /* stays off */
    M_STOP_RESTART,
    M_STOP_RESET, /* by its guest */
    M_STOP_RESET_P,
    M_STOP_CRASH,
    M_STOP_CRASH_P,
    M_STATES,
};

static const enum vm_state seen_as[M_STATES] = {VM_OFF,      VM_STARTING, VM_STARTING, VM_RUNNING,  VM_RUNNING,
                                                VM_PAUSING,  VM_PAUSED,   VM_PAUSING,  VM_HELD,     VM_STOPPING,
                                                VM_STOPPING, VM_STOPPING, VM_STOPPING, VM_STOPPING, VM_STOPPING};

#define M(state) (1U << (state))

/* What may become of a state by itself: the keeper's work, the guest's calls, the time-out. */
static unsigned by_itself(const struct vm_config *vm, enum model state)
{
    bool hold = vm->on_crash == CONFIG_CRASH_HOLD;
    bool again = vm->on_crash == CONFIG_CRASH_RESTART;
    bool reset = vm->on_reset == CONFIG_RESET_RESTART;
    switch (state) {
    case M_STARTING:
        return M(M_RUNNING);
    case M_STARTING_P:
        return M(M_PAUSING);
    case M_RUNNING:
        return M(M_STOP_OFF) | M(M_STOP_RESET) | (hold ? M(M_HOLDING) : M(M_STOP_CRASH));
    case M_RUNNING_S:
        return M(M_STOP_OFF);
    case M_PAUSING:
        return M(M_PAUSED) | M(M_STOP_OFF) | M(M_STOP_RESET_P) | (hold ? M(M_HOLDING) : M(M_STOP_CRASH_P));
    case M_HOLDING:
        return M(M_HELD) | M(M_STOP_OFF);
    case M_STOP_OFF:
        return M(M_OFF);
    case M_STOP_RESTART:
        return M(M_STARTING);
    case M_STOP_RESET:
        return M(M_STOP_OFF) | M(M_STOP_CRASH) | (reset ? M(M_STARTING) : M(M_OFF));
    case M_STOP_RESET_P:
        return M(M_STOP_OFF) | M(M_STOP_CRASH_P) | (reset ? M(M_STARTING_P) : M(M_OFF));
    case M_STOP_CRASH:
        return M(M_STOP_OFF) | (hold ? M(M_HELD) : again ? M(M_STARTING) : M(M_OFF));
    case M_STOP_CRASH_P:
        return M(M_STOP_OFF) | (hold ? M(M_HELD) : again ? M(M_STARTING_P) : M(M_OFF));
    default:
        return 0;
    }
}

static unsigned closure(const struct vm_config *vm, unsigned set)
{
    unsigned before;
    do {
        before = set;
        for (unsigned state = 0; state < M_STATES; state++) {
            set |= (set & M(state)) != 0U ? by_itself(vm, (enum model)state) : 0U;
        }
    } while (set != before);
    return set;
}

enum asked { START, STOP, FORCE, RESET, PAUSE, RESUME, ASKED };

struct answer {
    enum status status;
    enum model next; /* where the status is STATUS_OK */
};

#define OK(state)                                                                                                      \
    {                                                                                                                  \
        STATUS_OK, state                                                                                               \
    }
#define NO(status)                                                                                                     \
    {                                                                                                                  \
        STATUS_##status, M_OFF                                                                                         \
    }
#define ROW_STOPPING                                                                                                   \
    {                                                                                                                  \
        NO(BUSY), OK(M_STOP_OFF), OK(M_STOP_OFF), NO(BUSY), NO(BUSY), NO(BUSY)                                         \
    }

/* The table of vm_control.h, by hand once more. */
static const struct answer answers[M_STATES][ASKED] = {
    [M_OFF] = {OK(M_STARTING), NO(NOT_FOUND), NO(NOT_FOUND), NO(NOT_FOUND), NO(NOT_FOUND), NO(NOT_FOUND)},
    [M_STARTING] = {NO(EXISTS), OK(M_STOP_OFF), OK(M_STOP_OFF), NO(BUSY), OK(M_STARTING_P), NO(EXISTS)},
    [M_STARTING_P] = {NO(EXISTS), OK(M_STOP_OFF), OK(M_STOP_OFF), NO(BUSY), NO(EXISTS), OK(M_STARTING)},
    [M_RUNNING] = {NO(EXISTS), OK(M_RUNNING_S), OK(M_STOP_OFF), OK(M_STOP_RESTART), OK(M_PAUSING), NO(EXISTS)},
    [M_RUNNING_S] = {NO(BUSY), OK(M_RUNNING_S), OK(M_STOP_OFF), OK(M_STOP_RESTART), NO(BUSY), NO(EXISTS)},
    [M_PAUSING] = {NO(EXISTS), OK(M_RUNNING_S), OK(M_STOP_OFF), OK(M_STOP_RESTART), NO(EXISTS), OK(M_RUNNING)},
    [M_PAUSED] = {NO(EXISTS), OK(M_RUNNING_S), OK(M_STOP_OFF), OK(M_STOP_RESTART), NO(EXISTS), OK(M_RUNNING)},
    [M_HOLDING] = {NO(EXISTS), OK(M_STOP_OFF), OK(M_STOP_OFF), OK(M_STOP_RESTART), NO(INVALID), NO(INVALID)},
    [M_HELD] = {NO(EXISTS), OK(M_STOP_OFF), OK(M_STOP_OFF), OK(M_STOP_RESTART), NO(INVALID), NO(INVALID)},
    [M_STOP_OFF] = ROW_STOPPING,
    [M_STOP_RESTART] = ROW_STOPPING,
    [M_STOP_RESET] = ROW_STOPPING,
    [M_STOP_RESET_P] = ROW_STOPPING,
    [M_STOP_CRASH] = ROW_STOPPING,
    [M_STOP_CRASH_P] = ROW_STOPPING,
};

static enum status ask(struct vm *vm, enum asked what)
{
    switch (what) {
    case START:
        return vm_control_start(vm);
    case STOP:
        return vm_control_stop(vm, false);
    case FORCE:
        return vm_control_stop(vm, true);
    case RESET:
        return vm_control_reset(vm);
    case PAUSE:
        return vm_control_pause(vm);
    default:
        return vm_control_resume(vm);
    }
}

/* ---- clients: a thread on each CPU, with a VM of its own or with all of them ---- */

struct client {
    struct world world;
    struct timer timer;
    struct vm *vm; /* NULL: any, and no model */
    unsigned possible;
    unsigned left; /* requests to make */
    unsigned answers[STATUS_TIMEOUT + 1U];
    uint64_t states_seen;
};

static struct client clients[VMS];

static void wake_client(struct timer *timer)
{
    world_wake(&CONTAINER_OF(timer, struct client, timer)->world);
}

static void client_sleep(struct client *client, uint64_t ticks)
{
    uint64_t end = timer_count() + ticks;
    client->timer.fire = wake_client;
    timer_arm(&client->timer, end);
    while (timer_count() < end) {
        sched_block();
    }
}

/* What is seen tells the model more. */
static void observe(struct client *client)
{
    const struct vm_config *vm = client->vm->config;
    unsigned before = closure(vm, client->possible);
    struct vm_report report;
    vm_control_report(client->vm, &report);
    client->possible = 0;
    for (unsigned state = 0; state < M_STATES; state++) {
        bool stop = state == M_RUNNING_S;
        if ((before & M(state)) != 0U && seen_as[state] == report.state &&
            (report.state != VM_RUNNING || stop == report.stop_asked)) {
            client->possible |= M(state);
        }
    }
    client->states_seen |= 1ULL << report.state;
    if (client->possible == 0U) {
        fail_msg("%s is %s, which it can't be (%#x)", vm->name, vm_state_name(report.state), before);
    }
    assert_true(report.state != VM_OFF || report.owned == 0U || page_alloc_bytes(OWNER_VM(client->vm->index)) == 0U ||
                client->vm->state != VM_OFF);
}

static void model_step(struct client *client, enum asked what, enum status status)
{
    unsigned before = closure(client->vm->config, client->possible);
    client->possible = 0;
    for (unsigned state = 0; state < M_STATES; state++) {
        if ((before & M(state)) != 0U && answers[state][what].status == status) {
            client->possible |= M(status == STATUS_OK ? answers[state][what].next : (enum model)state);
        }
    }
    if (client->possible == 0U) {
        fail_msg("%s: request %u answered %u in one of %#x", client->vm->config->name, what, status, before);
    }
}

static void client_main(void *argument)
{
    struct client *client = argument;
    for (;;) {
        while (client->left == 0U) {
            sched_block();
        }
        struct vm *vm = client->vm != NULL ? client->vm : vm_get((unsigned)seeded_below(&sim_seed, VMS));
        enum asked what = (enum asked)seeded_below(&sim_seed, ASKED + 2U);
        what = what < ASKED ? what : START;
        enum status status = ask(vm, what);
        client->answers[status]++;
        if (client->vm != NULL) {
            model_step(client, what, status);
        }
        if (seeded_below(&sim_seed, 4) == 0U) {
            uint64_t most = seeded_below(&sim_seed, 3) == 0U ? 12U * MS : MS / 4U;
            client_sleep(client, 1U + seeded_below(&sim_seed, most));
        }
        if (client->vm != NULL) {
            observe(client);
        }
        client->left--;
    }
}

static bool clients_are_done(void)
{
    for (unsigned i = 0; i < VMS; i++) {
        if (clients[i].left != 0U) {
            return false;
        }
    }
    return true;
}

static void start_clients(bool own, unsigned requests)
{
    static bool made;
    sim_interrupt_cpu0();
    for (unsigned i = 0; i < VMS; i++) {
        struct client *client = &clients[i];
        if (!made) {
            assert_int_equal(world_create_thread(&client->world, "client", client_main, client), STATUS_OK);
            client->world.cpu = i % SIM_CPUS;
        }
        client->vm = own ? vm_get(i) : NULL;
        client->possible = M(M_OFF);
        client->left = requests;
        programs[i] = do_anything;
        world_wake(&client->world);
    }
    made = true;
}

static void all_down(void)
{
    sim_preempt = 0;
    for (unsigned i = 0; i < VMS; i++) {
        sim_interrupt_cpu0();
        enum status status = vm_control_stop(vm_get(i), true);
        assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    }
    assert_true(sim_run(all_are_off, sim_now() + 1000U * MS));
    sim_interrupt_cpu0();
}

static void test_random_requests_against_the_model(void **unused)
{
    (void)unused;
    sim_preempt = 20;
    start_clients(true, 600);
    assert_true(sim_run(clients_are_done, sim_now() + 100000U * MS));
    all_down();
    unsigned sum[STATUS_TIMEOUT + 1U] = {0};
    uint64_t states = 0;
    for (unsigned i = 0; i < VMS; i++) {
        states |= clients[i].states_seen;
        for (unsigned status = 0; status <= STATUS_TIMEOUT; status++) {
            sum[status] += clients[i].answers[status];
        }
    }
    /* All of it came up. */
    assert_int_equal(states, (1U << (VM_STOPPING + 1U)) - 1U);
    assert_true(sum[STATUS_OK] > 200U);
    assert_true(sum[STATUS_EXISTS] > 20U && sum[STATUS_BUSY] > 20U && sum[STATUS_NOT_FOUND] > 20U);
    assert_true(sum[STATUS_INVALID] > 5U);
}

static void test_requests_from_everywhere_at_once(void **unused)
{
    (void)unused;
    sim_preempt = 3;
    start_clients(false, 200);
    assert_true(sim_run(clients_are_done, sim_now() + 100000U * MS));
    all_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pause_and_resume, nothing_is_left),
        cmocka_unit_test_teardown(test_a_sleeper_is_paused, nothing_is_left),
        cmocka_unit_test_teardown(test_the_button_then_the_power, nothing_is_left),
        cmocka_unit_test_teardown(test_a_guest_heeds_the_button, nothing_is_left),
        cmocka_unit_test_teardown(test_a_reset_takes_the_stop_back, nothing_is_left),
        cmocka_unit_test_teardown(test_a_held_vm_is_there_until_it_is_reset, nothing_is_left),
        cmocka_unit_test_teardown(test_a_guest_does_not_overrule, nothing_is_left),
        cmocka_unit_test_teardown(test_nothing_is_asked_of_what_is_off, nothing_is_left),
        cmocka_unit_test_teardown(test_asked_while_it_starts, nothing_is_left),
        cmocka_unit_test_teardown(test_random_requests_against_the_model, nothing_is_left),
        cmocka_unit_test_teardown(test_requests_from_everywhere_at_once, nothing_is_left),
    };
    return cmocka_run_group_tests(tests, boot, NULL);
}
