/* The parts of `vigie bench sizing` that measure nothing: the search for the largest number, the
 * profile of a deployment, the description of the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/load_profile.h"
#include "bench/machine.h"
#include "bench/size_search.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_number_is_found),
        cmocka_unit_test(nearly_takes_fewer_measures),
        cmocka_unit_test(profiles_are_read_or_refused),
        cmocka_unit_test(flux_are_mixed_as_the_shares_ask),
        cmocka_unit_test(scenes_of_the_events_are_taken),
        cmocka_unit_test(a_machine_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
