/* The parts of `vigie bench sizing` that measure nothing: the search for the largest number, the
 * profile of a deployment, the description of the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/load_profile.h"
#include "bench/machine.h"
#include "bench/size_search.h"
#include "bench/sizing_costs.h"
#include "bench/sizing_csv.h"
#include "bench/sizing_needs.h"
#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/scene/scene.h"
#include "tests/store_fixture.h"

/* ---- the search ---- */

/* Whatever a machine holds is found, with few measures, none above the most and none twice. */
static void the_largest_number_is_found(void **state)
{
    (void)state;
    for (uint32_t most = 1; most <= 200; most += 13)
        for (uint32_t truth = 0; truth <= 210; truth++) {
            struct vg_size_search search = {.most = most, .end = VG_SIZE_EXACT};
            bool asked[256] = {false};
            uint32_t flux;
            int measures = 0;
            while ((flux = vg_size_search_next(&search)) != 0) {
                assert_true(flux <= most && !asked[flux]);
                asked[flux] = true;
                vg_size_search_tell(&search, flux, flux <= truth ? 0 : 1);
                assert_true(++measures <= 16);
            }
            assert_int_equal(search.held, truth < most ? truth : most);
            assert_int_equal(search.failed, truth < most ? truth + 1 : 0);
        }
}

static void nearly_takes_fewer_measures(void **state)
{
    (void)state;
    int near = 0, exact = 0;
    for (uint32_t truth = 0; truth <= 199; truth++)
        for (int e = 0; e < 2; e++) {
            struct vg_size_search search = {.most = 200, .end = e ? VG_SIZE_NEAR : VG_SIZE_EXACT};
            uint32_t flux;
            while ((flux = vg_size_search_next(&search)) != 0) {
                vg_size_search_tell(&search, flux, flux <= truth ? 0 : 1);
                *(e ? &near : &exact) += 1;
            }
            assert_true(search.held <= truth && search.failed > truth);
            assert_true(search.failed - search.held <= 1 + search.held / 10);
        }
    assert_true(near < exact);
}

/* In any order, twice too; what is held above what is not says nothing. */
static void numbers_of_somebody_elses_choice_are_taken(void **state)
{
    static const struct {
        uint32_t count, flux[3], lacks[3], held, failed;
    } rows[] = {
        {1, {20}, {1}, 0, 20},           {1, {20}, {0}, 20, 0},     {2, {4, 8}, {0, 1}, 4, 8},
        {2, {8, 4}, {1, 0}, 4, 8},       {2, {4, 8}, {1, 0}, 0, 4}, {2, {8, 4}, {0, 1}, 0, 4},
        {3, {2, 8, 4}, {0, 0, 1}, 2, 4}, {2, {4, 4}, {0, 1}, 0, 4}, {3, {1, 9, 5}, {0, 0, 0}, 9, 0},
    };
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_size_search search = {.most = 200, .held = 99, .failed = 1};
        vg_size_search_take(&search, rows[r].flux, rows[r].lacks, rows[r].count);
        assert_int_equal(search.held, rows[r].held);
        assert_int_equal(search.failed, rows[r].failed);
    }
}

static void numbers_about_another_have_it(void **state)
{
    (void)state;
    for (uint32_t room = 4; room <= 64; room += 20)
        for (uint32_t most = 0; most <= 400; most++) {
            uint32_t to[64] = {0};
            const uint32_t count = vg_size_search_about(most, to, room);
            bool there = most == 0;
            assert_true(count >= 1 && count <= room);
            for (uint32_t i = 0; i < count; i++) {
                there = there || to[i] == most;
                assert_true(to[i] > (i ? to[i - 1] : most / 2) && to[i] <= most + most / 2 + 2);
            }
            assert_true(there);
        }
}

/* ---- the profile ---- */

static enum vg_status parse(struct vg_load_profile *profile, const char *text,
                            struct vg_fault *fault)
{
    *fault = (struct vg_fault){.status = VG_OK};
    return vg_load_profile_parse(profile, "p.json", text, strlen(text), fault);
}

#define ONE(more) \
    "{\"version\":1,\"name\":\"p\",\"classes\":[{\"name\":\"a\",\"share\":1" more "}]}"

static const struct {
    const char *text;
    enum vg_status status;
    const char *place; /* part of it */
} profiles[] = {
    {ONE(""), VG_OK, ""},
    {ONE(",\"codec\":\"hevc\",\"width\":1920,\"height\":1080,\"fps\":12.5,\"rate_fps\":4,"
         "\"tiles\":1,\"events\":[\"fire\"],\"clip\":\"c.mp4\""),
     VG_OK, ""},
    {"", VG_E_INPUT, "p.json"},
    {"[]", VG_E_INPUT, "p.json"},
    {"{}", VG_E_INPUT, "/version"},
    {"{\"version\":2,\"name\":\"p\",\"classes\":[]}", VG_E_INPUT, "/version"},
    {"{\"version\":1,\"name\":\"p\",\"classes\":[]}", VG_E_INPUT, "/classes"},
    {"{\"version\":1,\"name\":\"p\",\"classes\":[3]}", VG_E_INPUT, "/classes/0"},
    {"{\"version\":1,\"name\":\"p\",\"classes\":[{\"name\":\"a\"}]}", VG_E_INPUT, "/classes/0"},
    {ONE(",\"share\":2"), VG_E_INPUT, "p.json"}, /* twice */
    {ONE(",\"rate_fps\":26"), VG_E_INPUT, "/classes/0/rate_fps"},
    {ONE(",\"width\":-704"), VG_E_INPUT, "/classes/0/width"},
    {ONE(",\"tiles\":4"), VG_E_INPUT, "/classes/0/tiles"},
    {ONE(",\"events\":[\"crossing\",\"rain\"]"), VG_E_INPUT, "/classes/0/events/1"},
    {ONE(",\"colour\":1"), VG_E_INPUT, "/classes/0/colour"},
};

static void profiles_are_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        struct vg_load_profile profile;
        struct vg_fault fault;
        print_message("%s\n", profiles[i].text);
        assert_int_equal(parse(&profile, profiles[i].text, &fault), profiles[i].status);
        assert_non_null(strstr(fault.place, profiles[i].place));
    }
    struct vg_load_profile profile, usual = vg_load_profile_defaults();
    struct vg_fault fault;
    assert_int_equal(parse(&profile, profiles[1].text, &fault), VG_OK);
    assert_string_equal(profile.class[0].codec, "hevc");
    assert_int_equal(profile.class[0].events, 1u << VG_EVENT_FIRE);
    assert_string_equal(profile.class[0].clip, "c.mp4");
    assert_int_equal(usual.class[0].width, 704);
    assert_int_equal(usual.class[0].events, 0x1f);
    json_t *json = vg_load_profile_json(&usual);
    assert_int_equal(json_array_size(json_object_get(
                         json_array_get(json_object_get(json, "classes"), 0), "events")),
                     5);
    json_decref(json);
}

static void flux_are_mixed_as_the_shares_ask(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":1,\"name\":\"p\",\"classes\":[{\"name\":\"a\",\"share\":6},"
        "{\"name\":\"b\",\"share\":3},{\"name\":\"c\",\"share\":1}]}";
    static const double share[] = {0.6, 0.3, 0.1};
    struct vg_load_profile profile;
    struct vg_fault fault;
    uint32_t got[3] = {0};
    assert_int_equal(parse(&profile, text, &fault), VG_OK);
    for (uint32_t n = 0; n < 200; n++) {
        const uint32_t class = vg_load_profile_class(&profile, n);
        assert_true(class < 3);
        got[class]++;
        struct vg_size_load load = {.profile = profile};
        uint32_t count[VG_LOAD_CLASSES_MAX];
        vg_size_classes(&load, n + 1, count);
        assert_memory_equal(count, got, sizeof got);
        for (int c = 0; c < 3; c++)
            assert_true(got[c] >= share[c] * (n + 1) - 1 && got[c] <= share[c] * (n + 1) + 1);
    }
}

/* Each event alone and all together: a scene that the product takes. */
static void scenes_of_the_events_are_taken(void **state)
{
    (void)state;
    for (uint32_t set = 0; set <= VG_EVENT_COUNT + 1; set++) {
        char text[VG_LOAD_SCENE_SIZE];
        struct vg_text_buffer out;
        struct vg_scene *scene = NULL;
        struct vg_fault fault;
        const uint32_t events = set < VG_EVENT_COUNT    ? 1u << set
                                : set == VG_EVENT_COUNT ? (1u << VG_EVENT_COUNT) - 1
                                                        : 0;
        vg_text_buffer_init(&out, text, sizeof text);
        vg_load_scene(events, &out);
        assert_int_equal(out.left_out, 0);
        assert_int_equal(vg_scene_parse("bench", text, out.size, &scene, &fault), VG_OK);
        vg_scene_close(&scene);
    }
}

/* ---- the machine ---- */

static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/proc/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define CORE(socket, core)                                                         \
    "processor\t: 0\nmodel name\t: Some Processor @ 2 GHz\nphysical id\t: " socket \
    "\ncore id\t\t: " core "\nflags\t\t: fpu avx2\n\n"

static void a_machine_is_described(void **state)
{
    (void)state;
    char folder[] = "/tmp/vigie-machine-XXXXXX", proc[64];
    struct vg_machine *machine = vg_alloc(sizeof *machine);
    struct vg_fault fault;
    assert_non_null(machine);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(vg_machine_read(machine, folder, &fault), VG_OK); /* it says nothing */
    assert_string_equal(machine->cpu, "");
    assert_int_equal(machine->threads, 0);
    (void)snprintf(proc, sizeof proc, "%s/proc", folder);
    assert_int_equal(mkdir(proc, 0700), 0);
    put(folder, "cpuinfo", CORE("0", "0") CORE("0", "1") CORE("0", "0") CORE("1", "0"));
    put(folder, "meminfo", "MemFree: 1 kB\nMemTotal:       16000000 kB\n");
    assert_int_equal(vg_machine_read(machine, folder, &fault), VG_OK);
    assert_string_equal(machine->cpu, "Some Processor @ 2 GHz");
    assert_int_equal(machine->threads, 4);
    assert_int_equal(machine->cores, 3);
    assert_false(machine->is_virtual);
    assert_int_equal(machine->memory_bytes, UINT64_C(16384000000));
    /* no cores told, as on other processors: threads; and a hypervisor */
    put(folder, "cpuinfo", "processor\t: 0\nprocessor\t: 1\nflags\t\t: fpu hypervisor\n");
    assert_int_equal(vg_machine_read(machine, folder, &fault), VG_OK);
    assert_int_equal(machine->cores, 2);
    assert_true(machine->is_virtual);
    json_t *json = vg_machine_json(machine);
    assert_true(json_is_null(json_object_get(json, "cpu")));
    char host[256] = "";
    char *text = vg_json_text(json);
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    assert_non_null(text);
    if (strlen(host) > 3) /* a word of its own, not a part of one */
        assert_null(strstr(text, host));
    vg_free(text);
    json_decref(json);
    vg_free(machine);
    store_remove_tree(folder, 0);
}

/* ---- what a tier takes ---- */

#define HOST_CORES           8
#define assert_near(a, b, e) assert_true(fabs((a) - (b)) <= (e))

/* what cost_of has of a batch */
static const struct vg_size_alone alone = {.ms = {4, 6}, .cores = 2};

static struct vg_size_load one_class(void)
{
    struct vg_size_load load = {.profile = vg_load_profile_defaults()};
    load.class[0] = (struct vg_size_class){.wanted_fps = 5, .source_fps = 25, .network_bits = 2e6};
    return load;
}

/* A measure as a machine with these costs would give it: batches of 1 and 3 jobs that take 4 + 6 n
 * milliseconds, 4 % of a core to decode, 100 MB and 10 MB a flux. */
static struct vg_pipeline_cost cost_of(uint32_t flux, double seconds)
{
    const double pictures = flux * 5 * seconds, pairs = pictures / 4; /* a 1 and a 3 each */
    struct vg_pipeline_cost cost = {.seconds = seconds,
                                    .resident_bytes = 100000000 + UINT64_C(10000000) * flux,
                                    .disk_bytes = 1000 * flux * seconds};
    cost.batches = (struct vg_batch_counts){.batch_max = 4,
                                            .count = 2 * pairs,
                                            .jobs = 4 * pairs,
                                            .jobs_squared = 10 * pairs,
                                            .ms = (10 + 22) * pairs,
                                            .ms_jobs = (10 + 66) * pairs,
                                            .ms_squared = (100 + 484) * pairs};
    for (uint32_t i = 0; i < flux; i++)
        cost.decode_cores[i] = 0.04;
    cost.part_cores[VG_TREE_DECODE] = 0.04 * flux;
    cost.part_cores[VG_TREE_DEVICE] = 2 * cost.batches.ms / 1000 / seconds; /* two while it works */
    cost.part_cores[VG_TREE_LOOP] = pictures / seconds * 0.0001;
    cost.part_cores[VG_TREE_WORKERS] = pictures / seconds * 0.001;
    cost.part_cores[VG_TREE_OTHER] = 0.05;
    for (int p = 0; p < VG_TREE_PARTS; p++)
        cost.cpu_cores += cost.part_cores[p];
    cost.stage[VG_SERVER_DECODE] = (struct vg_stage_sum){pictures, pictures * 0.003};
    cost.stage[VG_SERVER_TRACK] = (struct vg_stage_sum){pictures, pictures * 0.001};
    cost.stage[VG_SERVER_RULES] = (struct vg_stage_sum){pictures, pictures * 0.002};
    return cost;
}

static void costs_of(struct vg_size_costs *costs, const struct vg_size_load *load,
                     const struct vg_size_host *host, double seconds)
{
    static const uint32_t flux[] = {1, 2, 4};
    struct vg_pipeline_cost *cost = vg_alloc_array(3, sizeof *cost);
    struct vg_size_measure measure[3];
    assert_non_null(cost);
    for (int i = 0; i < 3; i++) {
        cost[i] = cost_of(flux[i], seconds);
        measure[i] = (struct vg_size_measure){flux[i], flux[i] * 5 * seconds, &cost[i], 0, true};
    }
    vg_size_costs_make(costs, load, host, measure, 3);
    vg_free(cost);
}

/* Batches of one job took 15 ms alone, of two 21; live they all take half as long again, and a few of two
 * seem to say otherwise: a start, or none. */
static void the_start_of_a_batch_is_that_of_batches_alone(void **state)
{
    (void)state;
    static const double of_two_ms[] = {22.5, 31.5, 45};
    const struct vg_size_load load = one_class();
    const struct vg_size_host host = {HOST_CORES, VG_DEVICE_GPU, {{9, 6}, 2}};
    struct vg_pipeline_cost *cost = vg_alloc(sizeof *cost);
    assert_non_null(cost);
    for (size_t i = 0; i < sizeof of_two_ms / sizeof *of_two_ms; i++) {
        const double ones = 992, twos = 8, one_ms = 22.5, two_ms = of_two_ms[i];
        struct vg_size_costs c;
        *cost = cost_of(4, 60);
        cost->batches =
            (struct vg_batch_counts){.batch_max = 4,
                                     .count = ones + twos,
                                     .jobs = ones + 2 * twos,
                                     .jobs_squared = ones + 4 * twos,
                                     .ms = one_ms * ones + two_ms * twos,
                                     .ms_jobs = one_ms * ones + 2 * two_ms * twos,
                                     .ms_squared = one_ms * one_ms * ones + two_ms * two_ms * twos};
        const struct vg_size_measure measure = {4, ones + 2 * twos, cost, 0, true};
        vg_size_costs_make(&c, &load, &host, &measure, 1);
        assert_near(c.batch_ms.base / c.batch_ms.each, 1.5, 1e-9);
        assert_near(c.batch_ms.base, 13.5, 0.1);
        assert_near(c.batch_ms.base * cost->batches.count + c.batch_ms.each * cost->batches.jobs,
                    cost->batches.ms, 1e-6);
        assert_near(c.spread, 0, 0.06);
    }
    /* nothing known of the device alone: all is each picture's */
    const struct vg_size_host blind = {.cores = HOST_CORES, .device = VG_DEVICE_GPU};
    const struct vg_size_measure measure = {4, 1008, cost, 0, true};
    struct vg_size_costs c;
    vg_size_costs_make(&c, &load, &blind, &measure, 1);
    assert_near(c.batch_ms.base, 0, 1e-9);
    assert_near(c.batch_ms.each, cost->batches.ms / cost->batches.jobs, 1e-9);
    vg_free(cost);
}

static void costs_are_learnt(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host host = {HOST_CORES, VG_DEVICE_GPU, alone};
    struct vg_size_costs c;
    costs_of(&c, &load, &host, 60);
    assert_null(c.why);
    assert_near(c.batch_ms.base, 4, 1e-6);
    assert_near(c.batch_ms.each, 6, 1e-6);
    assert_near(c.spread, 0, 1e-6);
    assert_int_equal(c.batch_max, 4);
    assert_near(c.jobs_per_picture, 1, 1e-9);
    assert_near(c.device_cores, 2, 1e-6);
    assert_near(c.decode_cores[0], 0.04, 1e-9);
    assert_near(c.loop_ms, 0.1, 1e-9);
    assert_near(c.worker_ms, 1, 1e-9);
    assert_near(c.other_cores.base, 0.05, 1e-6);
    assert_near(c.memory_bytes.base / 1e6, 100, 1e-3);
    assert_near(c.memory_bytes.each / 1e6, 10, 1e-3);
    assert_near(c.disk_bytes, 1000, 1e-6);
    assert_near(c.before_ms, 3, 1e-9);
    assert_near(c.after_ms, 3, 1e-9);
    costs_of(&c, &load, &host, 10); /* too short for the disk */
    assert_true(c.disk_bytes < 0);
    vg_size_costs_make(&c, &load, &host, NULL, 0);
    assert_non_null(c.why);
}

static void lines_are_never_below_nothing(void **state)
{
    (void)state;
    static const struct {
        double n[3], y[3];
        uint32_t count;
        struct vg_size_line is;
    } rows[] = {
        {{1, 2, 3}, {12, 14, 16}, 3, {10, 2}},
        {{4}, {8}, 1, {0, 2}},                       /* one point: all is each one's */
        {{1, 2, 4}, {0.5, 2, 5}, 3, {0, 24.5 / 21}}, /* else begins below 0 */
        {{1, 2, 3}, {6, 5, 4}, 3, {5, 0}},
        {{0}, {0}, 0, {0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_size_line line = vg_size_line_of(rows[i].n, rows[i].y, rows[i].count);
        assert_near(line.base, rows[i].is.base, 1e-9);
        assert_near(line.each, rows[i].is.each, 1e-9);
    }
}

static bool held_by(const struct vg_size_costs *c, const struct vg_size_load *load,
                    const struct vg_size_host *host, uint32_t flux, struct vg_size_try machine)
{
    struct vg_size_answer answer;
    struct vg_fault fault;
    assert_int_equal(vg_size_predict(c, load, host, flux, &machine, &answer, &fault), VG_OK);
    assert_null(answer.why);
    return answer.held;
}

/* A full batch of 4 takes 28 ms: 142 jobs a second, 28 flux of 5 at the most. */
static void a_machine_is_predicted(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host gpu = {HOST_CORES, VG_DEVICE_GPU, alone},
                              cpu = {HOST_CORES, VG_DEVICE_CPU, alone};
    struct vg_size_costs c;
    costs_of(&c, &load, &gpu, 60);
    const struct vg_size_try here = {1, 1, HOST_CORES, 0};
    assert_true(held_by(&c, &load, &gpu, 8, here));
    assert_true(held_by(&c, &load, &gpu, 24, here));
    assert_false(held_by(&c, &load, &gpu, 30, here));
    assert_true(held_by(&c, &load, &gpu, 50, (struct vg_size_try){2, 1, HOST_CORES, 0}));
    assert_true(held_by(&c, &load, &gpu, 50, (struct vg_size_try){1, 2, HOST_CORES, 0}));
    /* processors that decoding takes are not the device's: 24 flux leave 0.04 of one */
    assert_true(held_by(&c, &load, &cpu, 24, here));
    assert_false(held_by(&c, &load, &cpu, 24, (struct vg_size_try){1, 1, 1.5, 0}));
    assert_false(held_by(&c, &load, &gpu, 24, (struct vg_size_try){1, 1, 0.9, 0}));
}

/* Two cores that are the device too. A picture in a full batch takes 28 / 4 ms of two of them, 1.1 ms
 * of one beside, a flux 0.04 of one for its decoder, all 0.05: of 2, of which 0.93 are of use to who
 * shares them, there is room for 15.6 flux of five pictures a second, and none gets all of it. What others take is room for fewer. */
static void a_processor_that_is_the_device_is_predicted(void **state)
{
    (void)state;
    static const struct {
        double cores, foreign;
        uint32_t room;
    } rows[] = {{2, 0, 15}, {2, 0.5, 11}, {4, 0, 28}};
    const struct vg_size_load load = one_class();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_size_host host = {rows[i].cores, VG_DEVICE_CPU, alone};
        const struct vg_size_try here = {1, 1, rows[i].cores, rows[i].foreign};
        struct vg_size_costs c;
        uint32_t most = 0;
        costs_of(&c, &load, &host, 60);
        while (most < 64 && held_by(&c, &load, &host, most + 1, here))
            most++;
        print_message("%.1f cores, %.1f of them others': %u flux (%u at the most)\n", rows[i].cores,
                      rows[i].foreign, most, rows[i].room);
        assert_true(most <= rows[i].room && most + 1 + most / 10 >= rows[i].room);
    }
}

static void take_longer(struct vg_batch_counts *batches, double times)
{
    batches->ms *= times;
    batches->ms_jobs *= times;
    batches->ms_squared *= times * times;
}

/* A batch that got less of the processor took longer: what it takes alone is the same. */
static void what_slows_a_device_is_no_cost_of_it(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host cpu = {HOST_CORES, VG_DEVICE_CPU, alone};
    struct vg_pipeline_cost *cost = vg_alloc_array(2, sizeof *cost);
    struct vg_size_costs c;
    assert_non_null(cost);
    cost[0] = cost_of(1, 60);
    cost[1] = cost_of(4, 60);
    take_longer(&cost[1].batches, 1.5);
    cost[1].foreign_cores = 0.5;
    const struct vg_size_measure measure[] = {{1, 300, &cost[0], 0, true},
                                              {4, 1200, &cost[1], 0, true}};
    vg_size_costs_make(&c, &load, &cpu, measure, 2);
    assert_near(c.device_cores, 2, 1e-6);
    assert_near(c.batch_ms.base, 4, 1e-6);
    assert_near(c.batch_ms.each, 6, 1e-6);
    assert_near(c.spread, 0, 1e-3);
    assert_near(c.foreign_cores, 0.25, 1e-9);
    /* nor is what throws some batches off, if they are even where there are fewer others */
    cost[1].batches.ms_squared *= 1.2;
    vg_size_costs_make(&c, &load, &cpu, measure, 2);
    assert_near(c.spread, 0, 1e-3);
    const struct vg_size_host gpu = {HOST_CORES, VG_DEVICE_GPU, alone};
    vg_size_costs_make(&c, &load, &gpu, measure, 2);
    assert_true(c.spread > 0.1);
    vg_free(cost);
}

/* A measure in which everything took so many times what it takes in theory. */
static struct vg_pipeline_cost dearer(uint32_t flux, double times)
{
    struct vg_pipeline_cost cost = cost_of(flux, 60);
    take_longer(&cost.batches, times);
    cost.part_cores[VG_TREE_DEVICE] *= times;
    cost.part_cores[VG_TREE_WORKERS] *= times;
    cost.part_cores[VG_TREE_LOOP] *= times;
    for (uint32_t f = 0; f < flux; f++)
        cost.decode_cores[f] *= times;
    for (int s = 0; s < VG_SERVER_STAGES; s++)
        cost.stage[s].seconds *= times;
    return cost;
}

/* A processor that is woken for each picture takes more for it: what speaks is the most flux that
 * were held; where none were, the fewest. How long a picture's stages last is told by the fewest. */
static void the_fullest_measure_that_was_held_speaks(void **state)
{
    (void)state;
    static const double times[] = {1.25, 1.05, 0.9, 0.5};
    static const struct {
        uint32_t count, flux[4], held[4], speaks, fewest;
    } rows[] = {{4, {2, 12, 20, 24}, {1, 1, 0, 0}, 1, 0}, {4, {24, 20, 12, 2}, {0, 0, 1, 1}, 2, 3},
                {4, {20, 12, 24, 2}, {0, 1, 0, 1}, 1, 3}, {3, {24, 12, 20, 0}, {0, 0, 0, 0}, 1, 1},
                {3, {12, 8, 16, 0}, {0, 1, 1, 0}, 1, 1},  {2, {8, 8, 0, 0}, {1, 0, 0, 0}, 0, 0},
                {3, {2, 12, 20, 0}, {1, 1, 1, 0}, 2, 0}};
    static const struct vg_size_host host[] = {{HOST_CORES, VG_DEVICE_CPU, {{4, 6}, 2}},
                                               {HOST_CORES, VG_DEVICE_GPU, {{4, 6}, 2}}};
    const struct vg_size_load load = one_class();
    struct vg_pipeline_cost *cost = vg_alloc_array(4, sizeof *cost);
    assert_non_null(cost);
    for (size_t r = 0; r < 2 * sizeof rows / sizeof *rows; r++) {
        const double is = times[rows[r / 2].speaks];
        struct vg_size_measure measure[4];
        struct vg_size_costs c;
        for (uint32_t i = 0; i < rows[r / 2].count; i++) {
            const uint32_t flux = rows[r / 2].flux[i];
            cost[i] = dearer(flux, times[i]);
            measure[i] =
                (struct vg_size_measure){flux, flux * 300.0, &cost[i], 0, rows[r / 2].held[i] != 0};
        }
        vg_size_costs_make(&c, &load, &host[r % 2], measure, rows[r / 2].count);
        assert_null(c.why);
        assert_near(c.batch_ms.each, 6 * is, 1e-6);
        assert_near(c.worker_ms, 1 * is, 1e-9);
        assert_near(c.loop_ms, 0.1 * is, 1e-9);
        assert_near(c.decode_cores[0], 0.04 * is, 1e-9);
        assert_near(c.device_cores, 2, 1e-9);
        assert_near(c.before_ms, 3 * times[rows[r / 2].fewest], 1e-9);
        assert_near(c.after_ms, 3 * times[rows[r / 2].fewest], 1e-9);
    }
    vg_free(cost);
}

/* Two of four flux found no room in the decoding hardware: of what one takes the fewest tell. */
static void flux_that_hardware_has_no_room_for_are_no_cost_of_it(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host gpu = {HOST_CORES, VG_DEVICE_GPU, alone};
    struct vg_pipeline_cost *cost = vg_alloc_array(2, sizeof *cost);
    struct vg_size_costs c;
    assert_non_null(cost);
    cost[0] = dearer(1, 1);
    cost[1] = dearer(4, 5);
    cost[0].hardware_flux = 1;
    cost[0].surfaces = 12;
    cost[1].hardware_flux = 2;
    cost[1].surfaces = 24;
    const struct vg_size_measure measure[] = {{1, 300, &cost[0], 0, true},
                                              {4, 1200, &cost[1], 0, true}};
    vg_size_costs_make(&c, &load, &gpu, measure, 2);
    assert_near(c.decode_cores[0], 0.04, 1e-9);
    assert_near(c.surfaces, 12, 1e-9);
    assert_near(c.worker_ms, 5, 1e-9);
    vg_free(cost);
}

/* A batch takes 10 ms of two cores alone. Live it was seen to keep one busy, for twice as long: of a
 * processor that is how it was shared, of a board it is what it takes. */
static void cores_of_a_device_are_those_of_batches_alone(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host cpu = {HOST_CORES, VG_DEVICE_CPU, alone},
                              gpu = {HOST_CORES, VG_DEVICE_GPU, alone},
                              small = {1, VG_DEVICE_CPU, alone};
    struct vg_pipeline_cost *cost = vg_alloc(sizeof *cost);
    struct vg_size_costs c;
    assert_non_null(cost);
    *cost = cost_of(4, 60);
    take_longer(&cost->batches, 2);
    const struct vg_size_measure measure = {4, 1200, cost, 0, true};
    vg_size_costs_make(&c, &load, &cpu, &measure, 1);
    assert_near(c.device_cores, 2, 1e-9);
    assert_near(c.batch_ms.base, 4, 1e-6);
    assert_near(c.batch_ms.each, 6, 1e-6);
    vg_size_costs_make(&c, &load, &gpu, &measure, 1);
    assert_near(c.device_cores, 1, 1e-9);
    assert_near(c.batch_ms.base, 8, 1e-6);
    assert_near(c.batch_ms.each, 12, 1e-6);
    vg_size_costs_make(&c, &load, &small, &measure, 1); /* never more than there are */
    assert_near(c.device_cores, 1, 1e-9);
    vg_free(cost);
}

static void what_is_not_simulated_is_learnt(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host host = {HOST_CORES, VG_DEVICE_CPU, alone};
    const struct vg_size_try here = {1, 1, HOST_CORES, 0};
    struct vg_pipeline_cost *cost = vg_alloc(sizeof *cost);
    struct vg_size_costs c;
    struct vg_size_answer bare, fitted;
    struct vg_fault fault;
    assert_non_null(cost);
    costs_of(&c, &load, &host, 60);
    *cost = cost_of(2, 60);
    assert_int_equal(vg_size_predict(&c, &load, &host, 2, &here, &bare, &fault), VG_OK);
    struct vg_size_measure measure = {2, 600, cost, bare.mean_ms + 30, true};
    assert_int_equal(vg_size_fit(&c, &load, &host, &measure, 1, &fault), VG_OK);
    assert_near(c.rest_ms, 30, 1e-6);
    assert_int_equal(vg_size_predict(&c, &load, &host, 2, &here, &fitted, &fault), VG_OK);
    assert_true(fitted.held);
    assert_near(fitted.mean_ms, bare.mean_ms + 30, 0.5); /* as was learnt */
    assert_true(fitted.p99_ms > bare.p99_ms + 45 && fitted.p99_ms <= bare.p99_ms + 60.5);
    measure.due_mean_ms = 0; /* not known */
    assert_int_equal(vg_size_fit(&c, &load, &host, &measure, 1, &fault), VG_OK);
    assert_near(c.rest_ms, 0, 1e-9);
    json_t *told = vg_size_costs_json(&c, &load, &host);
    assert_true(json_is_null(json_object_get(told, "rest_ms")));
    assert_near(json_real_value(json_object_get(told, "cores_usable_share")), 0.93, 1e-9);
    json_decref(told);
    measure.due_mean_ms = bare.mean_ms + 5;
    cost->devices = 2; /* whose costs these are nobody knows */
    vg_size_costs_make(&c, &load, &host, &measure, 1);
    assert_non_null(c.why);
    assert_int_equal(vg_size_fit(&c, &load, &host, &measure, 1, &fault), VG_OK);
    assert_int_equal(vg_size_predict(&c, &load, &host, 2, &here, &bare, &fault), VG_OK);
    assert_non_null(bare.why);
    vg_free(cost);
}

static void what_a_tier_takes(void **state)
{
    (void)state;
    const struct vg_size_load load = one_class();
    const struct vg_size_host gpu = {HOST_CORES, VG_DEVICE_GPU, alone},
                              cpu = {HOST_CORES, VG_DEVICE_CPU, alone};
    struct vg_size_costs c;
    struct vg_size_needs needs;
    struct vg_fault fault;
    const struct vg_size_figure *f = needs.figure;
    costs_of(&c, &load, &gpu, 60);
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 100, NULL, &fault), VG_OK);
    /* 500 pictures a second where full batches have 142 */
    assert_int_equal(f[VG_SIZE_DEVICE_SPEED].status, VG_SIZE_EXTRAPOLATED);
    assert_true(f[VG_SIZE_DEVICE_SPEED].bare > 3.4 && f[VG_SIZE_DEVICE_SPEED].bare < 4.2);
    assert_near(f[VG_SIZE_DEVICE_SPEED].value,
                f[VG_SIZE_DEVICE_SPEED].bare / (1 - VG_SIZE_HEADROOM), 1e-9);
    assert_int_equal((int)f[VG_SIZE_DEVICES].bare, 4);
    assert_true(f[VG_SIZE_DEVICES].value >= 5 && f[VG_SIZE_DEVICES].value <= 7);
    assert_near(f[VG_SIZE_DECODE_CORES].bare, 4, 1e-6);
    assert_near(f[VG_SIZE_MEMORY_MB].bare, 1100, 1);
    assert_near(f[VG_SIZE_NETWORK_MBIT].bare, 200, 1e-6);
    assert_near(f[VG_SIZE_DISK_GB_PER_DAY].bare, 8.64, 1e-3);
    assert_int_equal(f[VG_SIZE_DECODE_ENGINES].status, VG_SIZE_NOT_KNOWN);
    assert_non_null(f[VG_SIZE_DECODE_ENGINES].why);
    assert_int_equal(f[VG_SIZE_DEVICE_MEMORY_MB].status, VG_SIZE_NOT_KNOWN);
    assert_non_null(f[VG_SIZE_DEVICE_MEMORY_MB].why);
    assert_null(needs.answer.why);
    assert_true(needs.answer.held);
    /* more than can be simulated: said so, and what needs no simulation is there */
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 5000, NULL, &fault), VG_OK);
    assert_int_equal(f[VG_SIZE_DEVICE_SPEED].status, VG_SIZE_NOT_KNOWN);
    assert_int_equal(f[VG_SIZE_MEMORY_MB].status, VG_SIZE_EXTRAPOLATED);
    /* not all cores are of use that the device shares with the rest */
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &cpu, 100, NULL, &fault), VG_OK);
    const double used = vg_size_decode_cores(&c, &load, 100) + vg_size_other_cores(&c, &load, 100) +
                        c.device_cores * f[VG_SIZE_DEVICE_SPEED].bare;
    assert_near(f[VG_SIZE_DECODE_CORES].bare, 4 / 0.93, 1e-6);
    assert_near(f[VG_SIZE_CPU_CORES].bare, used / 0.93, 1e-6);
    assert_near(f[VG_SIZE_CPU_CORES].bare,
                f[VG_SIZE_DECODE_CORES].bare + f[VG_SIZE_ANALYSIS_CORES].bare, 1e-6);
    /* what was measured is not extrapolated; the device that is the processor is no board to buy */
    struct vg_pipeline_cost *cost = vg_alloc(sizeof *cost);
    assert_non_null(cost);
    *cost = cost_of(4, 60);
    const struct vg_size_measure measure = {4, 1200, cost, 0, true};
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &cpu, 4, &measure, &fault), VG_OK);
    assert_int_equal(needs.measured_flux, 4);
    assert_int_equal(f[VG_SIZE_CPU_CORES].status, VG_SIZE_MEASURED);
    assert_near(f[VG_SIZE_CPU_CORES].bare, cost->cpu_cores, 1e-9);
    assert_int_equal(f[VG_SIZE_DEVICES].status, VG_SIZE_NOT_KNOWN);
    vg_free(cost);
    /* nothing measured, nothing known */
    vg_size_costs_make(&c, &load, &gpu, NULL, 0);
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 8, NULL, &fault), VG_OK);
    for (int i = 0; i < VG_SIZE_NEEDS; i++)
        assert_true((f[i].status == VG_SIZE_NOT_KNOWN && f[i].why) || i == VG_SIZE_NETWORK_MBIT);
    json_t *json = vg_size_needs_json(&needs);
    assert_true(json_is_null(json_object_get(json_object_get(json, "cpu_cores"), "value")));
    assert_true(json_is_string(json_object_get(json_object_get(json, "cpu_cores"), "why")));
    json_decref(json);
}

static void a_table_has_a_line_for_each(void **state)
{
    (void)state;
    static const char report[] =
        "{\"runs\":[{\"flux\":1,\"held\":true,\"latency_ms\":{\"p50\":1.5,\"p95\":2,\"p99\":3},"
        "\"predicted_p99_ms\":null,\"energy\":{\"status\":\"not_measured\",\"scope\":null}}],"
        "\"tiers\":[{\"flux\":8,\"held\":false,\"status\":\"measured\",\"latency_ms\":null,"
        "\"needs\":{\"cpu_cores\":{\"value\":2,\"bare\":1.4,\"status\":\"extrapolated\"}}},7,"
        "{\"flux\":2,\"energy\":{\"status\":\"measured\",\"scope\":\"wall\",\"w_per_flux\":5,"
        "\"net_w\":4,\"kwh_per_deployment\":88,"
        "\"interval\":{\"w_per_flux\":[4.5,5.5],\"kwh_per_day\":[1,2]}}}]}";
    char text[8192];
    struct vg_text_buffer out;
    json_t *json = json_loads(report, 0, NULL);
    assert_non_null(json);
    vg_text_buffer_init(&out, text, sizeof text);
    vg_size_csv(json, &out);
    json_decref(json);
    assert_int_equal(out.left_out, 0);
    uint32_t commas[8] = {0}, lines = 0;
    for (const char *at = text; *at; at++) {
        commas[lines] += *at == ',';
        lines += *at == '\n';
    }
    assert_int_equal(lines, 5);
    for (uint32_t i = 1; i < lines; i++)
        assert_int_equal(commas[i], commas[0]);
    assert_non_null(strstr(text, "\nrun,1,true,,,1.5,2,3,,,not_measured,,"));
    assert_non_null(
        strstr(text, ",net_w_per_flux,kwh_per_deployment,w_per_flux_low,w_per_flux_high,"));
    assert_non_null(strstr(text, "\ntier,2,,,,,,,,,measured,wall,,5,,"));
    assert_non_null(strstr(text, ",,,4,,,88,4.5,5.5,,,,,,,1,2\n"));
    assert_non_null(strstr(text, "\ntier,8,false,measured,,,,,,,,,,,,2,1.4,extrapolated,"));
}

/* 4CIF 25/s, 1080p 12.5/s, and a class of which there is none among so few. */
static struct vg_size_load three_classes(void)
{
    struct vg_size_load load = one_class();
    load.profile.class_count = 3;
    load.profile.class[1] = load.profile.class[2] = load.profile.class[0];
    load.class[1] = load.class[2] = load.class[0];
    load.profile.class[0].width = 704;
    load.profile.class[0].height = 576;
    load.profile.class[1].width = 1920;
    load.profile.class[1].height = 1080;
    load.profile.class[0].share = load.profile.class[1].share = 0.495;
    load.profile.class[2].share = 0.01;
    load.class[0].source_fps = 25;
    load.class[1].source_fps = 12.5;
    return load;
}

/* A board has 200 MB and 30 for each flux, of which each takes a twentieth of its decoders. */
static void board_costs(struct vg_size_measure *measure, struct vg_pipeline_cost *cost,
                        uint32_t flux)
{
    *cost = cost_of(flux, 60);
    cost->board_bytes = 200e6 + 30e6 * flux;
    cost->surfaces = 10 * flux;
    cost->hardware_flux = flux;
    cost->decoder_share = 0.05 * flux;
    *measure = (struct vg_size_measure){flux, flux * 300, cost, 0, true};
}

static void what_boards_tell_is_extrapolated(void **state)
{
    (void)state;
    const struct vg_size_load load = three_classes();
    const struct vg_size_host gpu = {HOST_CORES, VG_DEVICE_GPU, alone};
    const double pixels[] = {704.0 * 576 * 25, 1920.0 * 1080 * 12.5};
    struct vg_pipeline_cost *cost = vg_alloc_array(2, sizeof *cost);
    struct vg_size_measure measure[2];
    struct vg_size_costs c;
    struct vg_size_needs needs;
    struct vg_fault fault;
    const struct vg_size_figure *f = needs.figure;
    assert_non_null(cost);
    board_costs(&measure[0], &cost[0], 2);
    board_costs(&measure[1], &cost[1], 4);
    vg_size_costs_make(&c, &load, &gpu, measure, 2);
    for (int i = 0; i < 2; i++)
        assert_near(c.decoder_share[i], 0.1 * pixels[i] / (pixels[0] + pixels[1]), 1e-9);
    assert_true(c.decoder_share[2] < 0);
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 20, NULL, &fault), VG_OK);
    assert_int_equal(f[VG_SIZE_DECODE_ENGINES].status, VG_SIZE_EXTRAPOLATED);
    assert_near(f[VG_SIZE_DECODE_ENGINES].bare, 1, 1e-6);
    assert_int_equal(f[VG_SIZE_DEVICE_MEMORY_MB].status, VG_SIZE_EXTRAPOLATED);
    assert_near(f[VG_SIZE_DEVICE_MEMORY_MB].bare, 800, 1e-3);
    json_t *told = vg_size_costs_json(&c, &load, &gpu);
    json_t *class = json_array_get(json_object_get(told, "classes"), 0);
    json_t *device = json_object_get(told, "device");
    assert_near(json_real_value(json_object_get(class, "ceiling_flux")),
                10 * (pixels[0] + pixels[1]) / pixels[0], 1e-6);
    assert_true(json_is_null(json_object_get(class, "ceiling_why")));
    class = json_array_get(json_object_get(told, "classes"), 2);
    assert_true(json_is_null(json_object_get(class, "ceiling_flux")));
    assert_true(json_is_string(json_object_get(class, "ceiling_why")));
    assert_near(json_real_value(json_object_get(device, "memory_base_mb")), 200, 1e-6);
    assert_near(json_real_value(json_object_get(device, "memory_mb_per_flux")), 30, 1e-6);
    assert_true(json_is_null(json_object_get(device, "memory_why")));
    assert_true(json_is_null(json_object_get(told, "cores_usable_share")));
    json_decref(told);
    /* of a number with the rare class nothing is known; memory is measured where it was */
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 100, NULL, &fault), VG_OK);
    assert_int_equal(f[VG_SIZE_DECODE_ENGINES].status, VG_SIZE_NOT_KNOWN);
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 4, &measure[1], &fault), VG_OK);
    assert_int_equal(f[VG_SIZE_DEVICE_MEMORY_MB].status, VG_SIZE_MEASURED);
    assert_near(f[VG_SIZE_DEVICE_MEMORY_MB].bare, 320, 1e-6);
    vg_free(cost);
}

/* Which measures tell nothing of decoders, and when memory is not known. */
static void what_boards_tell_of_a_part_is_not_known(void **state)
{
    (void)state;
    const struct vg_size_load load = three_classes();
    const struct vg_size_host gpu = {HOST_CORES, VG_DEVICE_GPU, alone},
                              cpu = {HOST_CORES, VG_DEVICE_CPU, alone};
    static const struct {
        uint32_t hardware_flux, devices;
        double share;
        bool held;
        double of_flux; /* that both take, by what is learnt; -1: nothing is */
    } rows[] = {{4, 1, 0.3, true, 0.15}, {3, 1, 0.3, true, 0.1}, {4, 1, 0.3, false, 0.1},
                {4, 1, 0.95, true, 0.1}, {4, 1, -1, true, 0.1},  {4, 2, 0.3, true, -1}};
    struct vg_pipeline_cost *cost = vg_alloc_array(2, sizeof *cost);
    struct vg_size_measure measure[2];
    struct vg_size_costs c;
    struct vg_size_needs needs;
    struct vg_fault fault;
    const struct vg_size_figure *f = needs.figure;
    assert_non_null(cost);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        board_costs(&measure[0], &cost[0], 2); /* 0.05 of a flux */
        board_costs(&measure[1], &cost[1], 4);
        cost[1].hardware_flux = rows[i].hardware_flux;
        cost[1].devices = rows[i].devices;
        cost[1].decoder_share = rows[i].share;
        measure[1].held = rows[i].held;
        vg_size_costs_make(&c, &load, &gpu, measure, 2);
        assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 2, NULL, &fault), VG_OK);
        if (rows[i].of_flux < 0)
            assert_int_equal(f[VG_SIZE_DECODE_ENGINES].status, VG_SIZE_NOT_KNOWN);
        else
            assert_near(f[VG_SIZE_DECODE_ENGINES].bare, rows[i].of_flux, 1e-9);
        assert_int_equal(f[VG_SIZE_DEVICE_MEMORY_MB].status,
                         c.why ? VG_SIZE_NOT_KNOWN : VG_SIZE_EXTRAPOLATED);
    }
    board_costs(&measure[1], &cost[1], 4);
    /* one number of flux makes no line; a processor has no memory of its own */
    vg_size_costs_make(&c, &load, &gpu, &measure[1], 1);
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &gpu, 8, NULL, &fault), VG_OK);
    assert_int_equal(f[VG_SIZE_DEVICE_MEMORY_MB].status, VG_SIZE_NOT_KNOWN);
    assert_non_null(f[VG_SIZE_DEVICE_MEMORY_MB].why);
    vg_size_costs_make(&c, &load, &cpu, measure, 2);
    assert_int_equal(vg_size_needs_make(&needs, &c, &load, &cpu, 4, &measure[1], &fault), VG_OK);
    assert_int_equal(f[VG_SIZE_DEVICE_MEMORY_MB].status, VG_SIZE_NOT_KNOWN);
    vg_free(cost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_number_is_found),
        cmocka_unit_test(nearly_takes_fewer_measures),
        cmocka_unit_test(numbers_of_somebody_elses_choice_are_taken),
        cmocka_unit_test(numbers_about_another_have_it),
        cmocka_unit_test(profiles_are_read_or_refused),
        cmocka_unit_test(flux_are_mixed_as_the_shares_ask),
        cmocka_unit_test(scenes_of_the_events_are_taken),
        cmocka_unit_test(a_machine_is_described),
        cmocka_unit_test(costs_are_learnt),
        cmocka_unit_test(the_start_of_a_batch_is_that_of_batches_alone),
        cmocka_unit_test(lines_are_never_below_nothing),
        cmocka_unit_test(a_machine_is_predicted),
        cmocka_unit_test(a_processor_that_is_the_device_is_predicted),
        cmocka_unit_test(what_slows_a_device_is_no_cost_of_it),
        cmocka_unit_test(the_fullest_measure_that_was_held_speaks),
        cmocka_unit_test(flux_that_hardware_has_no_room_for_are_no_cost_of_it),
        cmocka_unit_test(cores_of_a_device_are_those_of_batches_alone),
        cmocka_unit_test(what_is_not_simulated_is_learnt),
        cmocka_unit_test(what_a_tier_takes),
        cmocka_unit_test(what_boards_tell_is_extrapolated),
        cmocka_unit_test(what_boards_tell_of_a_part_is_not_known),
        cmocka_unit_test(a_table_has_a_line_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
