/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler on four CPUs in simulated time: fairness, latency, no lost wake-up, bring-up. */
#include "machine_sim.h"
#include "sched/sched_policy.h"

#define MS 62500ULL /* counter ticks */

struct job {
    struct world world;
    uint64_t burst; /* ticks between two looks at the scheduler; 0: sleeps only */
    uint64_t ran;
    bool stop;
    bool over;
    uint64_t woken_at;
    uint64_t latency; /* longest from wake to run */
    unsigned rounds;
};

static struct job jobs[24];
static unsigned job_count;

static void run_job(void *argument)
{
    struct job *job = argument;
    for (;;) {
        while (job->burst == 0U || job->stop) {
            job->over = true;
            sched_block();
            uint64_t late = sim_self()->time > job->woken_at ? sim_self()->time - job->woken_at : 0U;
            job->latency = late > job->latency ? late : job->latency;
            job->rounds++;
            if (job->burst == 0U) {
                sim_work(100);
            }
        }
        job->over = false;
        sim_work(job->burst);
        job->ran += job->burst;
        gic_handle_pending();
        if (PRDA->need_resched) {
            sched_reschedule();
        }
    }
}

static struct job *job_start(unsigned cpu, uint32_t weight, uint64_t burst)
{
    struct job *job = &jobs[job_count++];
    memset(job, 0, sizeof(*job));
    host_cpu_select(0);
    assert_int_equal(world_create_thread(&job->world, "job", run_job, job), STATUS_OK);
    job->world.cpu = cpu;
    job->world.weight = weight;
    job->burst = burst;
    sim_interrupt_cpu0();
    world_wake(&job->world);
    return job;
}

static bool all_over(void)
{
    for (unsigned i = 0; i < job_count; i++) {
        if (!jobs[i].over || jobs[i].world.state != WORLD_BLOCKED) {
            return false;
        }
    }
    return true;
}

static int end_jobs(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < job_count; i++) {
        jobs[i].stop = true;
    }
    assert_true(sim_run(all_over, sim_now() + 2000U * MS));
    for (unsigned i = 0; i < job_count; i++) {
        host_cpu_select(0);
        assert_true(sched_park(&jobs[i].world));
        world_destroy(&jobs[i].world);
    }
    job_count = 0;
    sim_preempt = 0;
    return 0;
}

static void test_policy(void **unused)
{
    (void)unused;
    assert_int_equal(sched_charge(1000, 100), 1000);
    assert_int_equal(sched_charge(1000, 200), 500);
    assert_int_equal(sched_charge(1000, 0), 100000);
    /* No credit for a long sleep beyond one slice, no debt forgiven. */
    assert_int_equal(sched_wake_vruntime(5, 10000, 1000), 9000);
    assert_int_equal(sched_wake_vruntime(9500, 10000, 1000), 9500);
    assert_int_equal(sched_wake_vruntime(20000, 10000, 1000), 20000);
    assert_int_equal(sched_wake_vruntime(5, 500, 1000), 5);
    assert_true(sched_preempts(100, 1101, 1000));
    assert_false(sched_preempts(100, 1100, 1000));
    assert_false(sched_preempts(200, 100, 0));
}

static void test_all_cpus_came(void **unused)
{
    (void)unused;
    assert_int_equal(sim_cpu_count, SIM_CPUS);
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        assert_true(prda_of(i)->online);
        assert_int_equal(prda_of(i)->mpidr, i);
        assert_true(prda_of(i)->emergency_sp % 32768U == 0U || i == 0U);
    }
}

/* Two seconds of two hogs on each CPU, weights 1 : 1, 1 : 2, 1 : 5: time as the weights, within five percent. */
static void test_time_is_shared_by_weight(void **unused)
{
    static const uint32_t weights[SIM_CPUS] = {100, 200, 500, 100};
    struct job *light[SIM_CPUS];
    struct job *heavy[SIM_CPUS];
    (void)unused;
    for (unsigned cpu = 0; cpu < SIM_CPUS; cpu++) {
        light[cpu] = job_start(cpu, 100, 20000);
        heavy[cpu] = job_start(cpu, weights[cpu], 20000);
    }
    sim_run_for(2000U * MS);
    for (unsigned cpu = 0; cpu < SIM_CPUS; cpu++) {
        double ratio = (double)heavy[cpu]->ran / (double)light[cpu]->ran;
        double wanted = weights[cpu] / 100.0;
        if (ratio < wanted * 0.95 || ratio > wanted * 1.05) {
            fail_msg("CPU %u: %f, wanted %f", cpu, ratio, wanted);
        }
        assert_true(light[cpu]->ran + heavy[cpu]->ran > 1900U * MS);
        assert_true(light[cpu]->world.switches > 10U && light[cpu]->world.switches < 1000U);
    }
}

/* One that sleeps mostly gets the CPU at once although a hog has it; latency is bounded by the hog's looks. */
static void test_a_sleeper_is_not_kept_waiting(void **unused)
{
    struct job *hog = job_start(1, 100, 5000);
    struct job *sleeper = job_start(1, 100, 0);
    (void)unused;
    sim_run_for(50U * MS);
    for (unsigned i = 0; i < 40U; i++) {
        sleeper->woken_at = sim_now();
        sim_interrupt_cpu0();
        world_wake(&sleeper->world);
        sim_run_for(5U * MS);
    }
    assert_true(sleeper->rounds >= 40U);
    assert_true(sleeper->latency < 15000U);
    assert_true(hog->ran > 150U * MS);
}

/* A hog that came while another one alone had no slice running gets its turn. */
static void test_a_late_hog_gets_its_share(void **unused)
{
    struct job *first = job_start(2, 100, 10000);
    (void)unused;
    sim_run_for(500U * MS);
    struct job *second = job_start(2, 100, 10000);
    uint64_t before = first->ran;
    sim_run_for(400U * MS);
    assert_true(second->ran > 180U * MS);
    assert_true(first->ran - before > 180U * MS);
}

/* ---- no lost wake-up ---- */

struct ball {
    struct world world;
    unsigned given; /* how often it got the ball, and how often it passed it on */
    unsigned passed;
    struct ball *other;
};

#define PAIRS 6U
#define PASSES 1000U
static struct ball balls[2U * PAIRS];

/* Passes the ball back, then sleeps: the other one's wake-up often meets this one just going to sleep, and nothing else wakes it. */
static void pass_on(void *argument)
{
    struct ball *ball = argument;
    for (;;) {
        while (__atomic_load_n(&ball->given, __ATOMIC_SEQ_CST) != ball->passed) {
            ball->passed++;
            if (ball->passed <= PASSES) {
                (void)__atomic_add_fetch(&ball->other->given, 1U, __ATOMIC_SEQ_CST);
                if ((ball->passed & 1U) != 0U) {
                    world_wake(&ball->other->world);
                } else {
                    sched_interrupt(&ball->other->world);
                }
            }
        }
        sched_block();
    }
}

static bool passes_done(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(balls); i++) {
        if (balls[i].passed < PASSES) {
            return false;
        }
    }
    return true;
}

static void test_no_wake_up_is_lost(void **unused)
{
    (void)unused;
    memset(balls, 0, sizeof(balls));
    sim_interrupt_cpu0();
    for (unsigned i = 0; i < ARRAY_SIZE(balls); i++) {
        assert_int_equal(world_create_thread(&balls[i].world, "ball", pass_on, &balls[i]), STATUS_OK);
        balls[i].world.cpu = (uint32_t)seeded_below(&sim_seed, SIM_CPUS);
        balls[i].other = &balls[i ^ 1U];
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        balls[2U * i].given = 1;
        world_wake(&balls[2U * i].world);
    }
    sim_preempt = 3;
    if (!sim_run(passes_done, 1ULL << 50)) {
        for (unsigned i = 0; i < ARRAY_SIZE(balls); i++) {
            print_message("ball %u: given %u, passed %u\n", i, balls[i].given, balls[i].passed);
        }
        fail_msg("a ball lies still: its owner sleeps");
    }
    sim_preempt = 0;
}

/* ---- places ---- */

static void test_places_go_to_the_least_loaded(void **unused)
{
    struct world worlds[9];
    unsigned load[SIM_CPUS] = {0};
    (void)unused;
    host_cpu_select(0);
    for (unsigned i = 0; i < 8U; i++) {
        worlds[i] = (struct world){.affinity = {~0ULL, ~0ULL}, .weight = 100};
        sched_place(&worlds[i]);
        load[worlds[i].cpu]++;
    }
    for (unsigned i = 0; i < SIM_CPUS; i++) {
        assert_int_equal(load[i], 2);
    }
    worlds[8] = (struct world){.affinity = {1U << 3, 0}, .weight = 100};
    assert_true(sched_may_run(&worlds[8]));
    sched_place(&worlds[8]);
    assert_int_equal(worlds[8].cpu, 3);
    for (unsigned i = 0; i < 9U; i++) {
        sched_unplace(&worlds[i]);
    }
    sched_place(&worlds[8]);
    assert_int_equal(worlds[8].cpu, 3);
    sched_unplace(&worlds[8]);
    worlds[8].affinity[0] = 1ULL << SIM_CPUS;
    assert_false(sched_may_run(&worlds[8]));
    /* One that has twice the weight has the CPU for itself. */
    for (unsigned i = 0; i < 7U; i++) {
        worlds[i] = (struct world){.affinity = {~0ULL, ~0ULL}, .weight = i == 2U ? 200 : 100};
        sched_place(&worlds[i]);
    }
    for (unsigned i = 0; i < 7U; i++) {
        assert_true(i == 2U || worlds[i].cpu != worlds[2].cpu);
        sched_unplace(&worlds[i]);
    }
}

static void test_stacks_have_guards(void **unused)
{
    uint64_t stacks[3];
    pa_t pa;
    enum stage1_attr attr;
    (void)unused;
    host_cpu_select(0);
    uint64_t before = page_alloc_bytes(OWNER_CPU);
    for (unsigned i = 0; i < 3U; i++) {
        assert_int_equal(world_stack_create(OWNER_CPU, &stacks[i]), STATUS_OK);
        assert_int_equal(stacks[i] % 32768U, 16384);
        assert_int_equal(stage1_lookup(va_make(stacks[i]), &pa, &attr), STATUS_OK);
        assert_int_equal(stage1_lookup(va_make(stacks[i] - 1U), &pa, &attr), STATUS_NOT_FOUND);
        assert_int_equal(stage1_lookup(va_make(stacks[i] + 16384U), &pa, &attr), STATUS_NOT_FOUND);
    }
    world_stack_destroy(OWNER_CPU, stacks[1]);
    uint64_t again;
    assert_int_equal(world_stack_create(OWNER_CPU, &again), STATUS_OK);
    assert_int_equal(again, stacks[1]);
    for (unsigned i = 0; i < 3U; i++) {
        world_stack_destroy(OWNER_CPU, stacks[i]);
    }
    assert_int_equal(page_alloc_bytes(OWNER_CPU), before);
}

static int boot(void **unused)
{
    (void)unused;
    sim_boot("sched");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_all_cpus_came),
        cmocka_unit_test_teardown(test_time_is_shared_by_weight, end_jobs),
        cmocka_unit_test_teardown(test_a_sleeper_is_not_kept_waiting, end_jobs),
        cmocka_unit_test_teardown(test_a_late_hog_gets_its_share, end_jobs),
        cmocka_unit_test(test_places_go_to_the_least_loaded),
        cmocka_unit_test(test_stacks_have_guards),
        cmocka_unit_test(test_no_wake_up_is_lost),
    };
    return cmocka_run_group_tests(tests, boot, NULL);
}
