/* What figures mean: each rule at its border, each failure by its cause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include <string.h>

#include "src/media/picture.h"
#include "src/media/probe_verdict.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A source of which there is nothing to say. */
static struct vg_probe_figures good(void)
{
    return (struct vg_probe_figures){.status = VG_OK,
                                     .codec = "h264",
                                     .profile = "High",
                                     .width = 704,
                                     .height = 480,
                                     .fps_milli = 25000,
                                     .told_milli = 25000,
                                     .key_interval = 50,
                                     .key_us = 2000000,
                                     .gap_us = 45000,
                                     .lasted_us = 8000000,
                                     .transport = VG_TRANSPORT_TCP,
                                     .encrypted = true,
                                     .packets = 9995,
                                     .jitter_us = 1000,
                                     .received = 200,
                                     .pictures = 200};
}

static const struct vg_verdict_reason *reason_of(const struct vg_probe_verdict *verdict,
                                                 const char *code)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (strcmp(verdict->reason[i].code, code) == 0)
            return &verdict->reason[i];
    return NULL;
}

static void a_good_source_has_no_reason(void **state)
{
    (void)state;
    const struct vg_probe_figures figures = good();
    const struct vg_probe_persons persons = {
        .looks = 8, .seen = 3, .height_px = 80, .height_network_px = 46};
    struct vg_probe_verdict verdict;
    vg_probe_judge(&figures, &persons, &verdict);
    assert_int_equal(verdict.verdict, VG_VERDICT_COMPATIBLE);
    assert_int_equal(verdict.count, 0);
    vg_probe_judge(&figures, NULL, &verdict);
    assert_int_equal(verdict.count, 0);
}

enum width {
    BIT,
    WORD,
    LONG
};

static void set(struct vg_probe_figures *figures, size_t at, enum width width, uint64_t value)
{
    const bool bit = value != 0;
    const uint32_t word = (uint32_t)value;
    const void *from = width == BIT ? (const void *)&bit : &word;
    const size_t size = width == BIT ? sizeof bit : sizeof word;
    if (width == LONG)
        memcpy((char *)figures + at, &value, sizeof value);
    else
        memcpy((char *)figures + at, from, size);
}

#define AT(member) offsetof(struct vg_probe_figures, member)

/* The last value that is still good, and the first that is not. */
static void each_rule_at_its_border(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum vg_verdict weight;
        size_t at;
        enum width width;
        uint64_t good, bad;
        const char *figure; /* of the bad one */
    } rows[] = {
        {"small_picture", VG_VERDICT_DEGRADED, AT(width), WORD, 704, 703, "703x480"},
        {"small_picture", VG_VERDICT_DEGRADED, AT(height), WORD, 480, 479, "704x479"},
        {"large_picture", VG_VERDICT_COMPATIBLE, AT(width), WORD, VG_PICTURE_WIDTH_MAX,
         VG_PICTURE_WIDTH_MAX + 1, "4097x480"},
        {"large_picture", VG_VERDICT_COMPATIBLE, AT(height), WORD, VG_PICTURE_HEIGHT_MAX,
         VG_PICTURE_HEIGHT_MAX + 1, NULL},
        {"slow", VG_VERDICT_DEGRADED, AT(fps_milli), WORD, 11640, 11639, "11.6 fps"},
        {"slow", VG_VERDICT_DEGRADED, AT(fps_milli), WORD, 0, 1, "0.0 fps"}, /* 0: not known */
        {"fast", VG_VERDICT_COMPATIBLE, AT(fps_milli), WORD, 60000, 60001, "60.0 fps"},
        {"rare_keys", VG_VERDICT_DEGRADED, AT(key_us), LONG, 5000000, 5000001, "5.0 s"},
        {"losses", VG_VERDICT_DEGRADED, AT(lost), LONG, 5, 6, "0.06 %"},
        {"damage", VG_VERDICT_DEGRADED, AT(damaged), LONG, 2, 3, "1.5 %"},
        {"refusals", VG_VERDICT_DEGRADED, AT(refused), LONG, 2, 3, "3"},
        {"stutter", VG_VERDICT_DEGRADED, AT(gap_us), LONG, 1000000, 1000001, "1.0 s"},
        {"jitter", VG_VERDICT_DEGRADED, AT(jitter_us), WORD, 100000, 100001, "100 ms"},
        {"jumps", VG_VERDICT_COMPATIBLE, AT(jumps), LONG, 0, 1, ""},
        {"sizes", VG_VERDICT_COMPATIBLE, AT(sizes), LONG, 0, 1, ""},
        {"b_frames", VG_VERDICT_COMPATIBLE, AT(b_frames), BIT, 0, 1, ""},
        {"interlaced", VG_VERDICT_COMPATIBLE, AT(interlaced), BIT, 0, 1, ""},
        {"clear", VG_VERDICT_COMPATIBLE, AT(encrypted), BIT, 1, 0, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_probe_verdict verdict;
        struct vg_probe_figures figures = good();
        set(&figures, rows[i].at, rows[i].width, rows[i].good);
        vg_probe_judge(&figures, NULL, &verdict);
        if (reason_of(&verdict, rows[i].code))
            fail_msg("%s holds for %llu", rows[i].code, (unsigned long long)rows[i].good);
        set(&figures, rows[i].at, rows[i].width, rows[i].bad);
        vg_probe_judge(&figures, NULL, &verdict);
        const struct vg_verdict_reason *reason = reason_of(&verdict, rows[i].code);
        if (!reason || verdict.count != 1)
            fail_msg("%s: %zu reasons for %llu", rows[i].code, verdict.count,
                     (unsigned long long)rows[i].bad);
        assert_int_equal(reason->weight, rows[i].weight);
        assert_int_equal(verdict.verdict, rows[i].weight);
        assert_true(reason->what[0]);
        if (rows[i].figure)
            assert_string_equal(reason->figure, rows[i].figure);
    }
}

/* One cause each, whatever else is unknown then. */
static void failures_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum vg_status status;
        const char *codec;
        uint64_t early, received;
        bool given;
    } rows[] = {
        {"nothing_sent", VG_E_STATE, "", 0, 0, true},
        {"nothing_sent", VG_E_TIMEOUT, "", 0, 0, true},
        {"account", VG_E_DENIED, "", 0, 0, true},
        {"unreachable", VG_E_IO, "", 0, 0, false},
        {"unreachable", VG_E_TIMEOUT, "", 0, 0, false},
        {"unreachable", VG_E_END, "", 0, 0, false},
        {"account", VG_E_DENIED, "", 0, 0, false},
        {"certificate", VG_E_INTEGRITY, "", 0, 0, false},
        {"other_transport", VG_E_STATE, "", 0, 0, false},
        {"not_there", VG_E_MISSING, "", 0, 0, false},
        {"not_video", VG_E_INPUT, "", 0, 0, false},
        {"not_video", VG_E_INPUT, "av1", 0, 0, false}, /* no decoder for it */
        {"silent", VG_E_TIMEOUT, "h264", 0, 0, false},
        {"silent", VG_E_END, "h264", 0, 0, false},
        {"no_key", VG_E_TIMEOUT, "h264", 1, 0, false},
        {"undecodable", VG_E_IO, "h264", 0, 1, false},
        {"undecodable", VG_E_IO, "h264", 1, 1, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_probe_verdict verdict;
        struct vg_probe_figures figures = {.status = rows[i].status,
                                           .early = rows[i].early,
                                           .received = rows[i].received,
                                           .given = rows[i].given,
                                           .transport = VG_TRANSPORT_TCP};
        memcpy(figures.codec, rows[i].codec, strlen(rows[i].codec));
        vg_probe_judge(&figures, NULL, &verdict);
        if (verdict.count != 1 || strcmp(verdict.reason[0].code, rows[i].code) != 0)
            fail_msg("%s: %zu reasons, the first: %s", rows[i].code, verdict.count,
                     verdict.count ? verdict.reason[0].code : "none");
        assert_int_equal(verdict.verdict, VG_VERDICT_INCOMPATIBLE);
        assert_non_null(verdict.reason[0].remedy);
    }
}

static void what_breaks_off_is_degraded(void **state)
{
    (void)state;
    struct vg_probe_figures figures = good();
    struct vg_probe_verdict verdict;
    figures.status = VG_E_TIMEOUT;
    vg_probe_judge(&figures, NULL, &verdict);
    assert_int_equal(verdict.count, 1);
    assert_string_equal(verdict.reason[0].code, "broke_off");
    assert_int_equal(verdict.verdict, VG_VERDICT_DEGRADED);
}

static void codecs_and_profiles(void **state)
{
    (void)state;
    static const struct {
        const char *codec, *profile;
        bool rare, other;
    } rows[] = {
        {"h264", "", false, false},         {"h264", "Constrained Baseline", false, false},
        {"h264", "Main", false, false},     {"h264", "High 4:2:2", true, false},
        {"h264", "High 10", true, false},   {"hevc", "Main", false, true},
        {"hevc", "Main 10", false, true},   {"hevc", "Rext", true, true},
        {"mjpeg", "Baseline", false, true}, {"mpeg4", "Advanced Simple Profile", false, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_probe_figures figures = good();
        struct vg_probe_verdict verdict;
        memset(figures.codec, 0, sizeof figures.codec);
        memset(figures.profile, 0, sizeof figures.profile);
        memcpy(figures.codec, rows[i].codec, strlen(rows[i].codec));
        memcpy(figures.profile, rows[i].profile, strlen(rows[i].profile));
        vg_probe_judge(&figures, NULL, &verdict);
        assert_int_equal(reason_of(&verdict, "rare_profile") != NULL, rows[i].rare);
        assert_int_equal(reason_of(&verdict, "other_codec") != NULL, rows[i].other);
        assert_int_equal(verdict.verdict, VG_VERDICT_COMPATIBLE);
    }
}

static void persons_have_a_least_height(void **state)
{
    (void)state;
    static const struct {
        struct vg_probe_persons persons;
        const char *code; /* NULL: none */
        enum vg_verdict verdict;
    } rows[] = {
        {{.looks = 0}, NULL, VG_VERDICT_COMPATIBLE},
        {{.looks = 1}, "no_persons", VG_VERDICT_COMPATIBLE},
        {{.looks = 1, .seen = 1, .height_px = 43, .height_network_px = 25},
         NULL,
         VG_VERDICT_COMPATIBLE},
        {{.looks = 1, .seen = 1, .height_px = 43, .height_network_px = 24.9},
         "small_persons",
         VG_VERDICT_DEGRADED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct vg_probe_figures figures = good();
        struct vg_probe_verdict verdict;
        vg_probe_judge(&figures, &rows[i].persons, &verdict);
        assert_int_equal(verdict.count, rows[i].code ? 1 : 0);
        assert_true(!rows[i].code || strcmp(verdict.reason[0].code, rows[i].code) == 0);
        assert_int_equal(verdict.verdict, rows[i].verdict);
    }
}

/* The heaviest reason decides, and all of them are told. */
static void the_worst_source_of_all(void **state)
{
    (void)state;
    struct vg_probe_figures figures = good();
    const struct vg_probe_persons persons = {.looks = 1, .seen = 1, .height_network_px = 1};
    struct vg_probe_verdict verdict;
    memcpy(figures.codec, "hevc", sizeof "hevc");
    memcpy(figures.profile, "Rext", sizeof "Rext");
    figures.status = VG_E_TIMEOUT;
    figures.width = VG_PICTURE_WIDTH_MAX + 1;
    figures.height = 100;
    figures.fps_milli = 1000;
    figures.key_us = figures.gap_us = 60000000;
    figures.jitter_us = 1000000;
    figures.lost = figures.damaged = figures.refused = figures.jumps = figures.sizes = 100;
    figures.encrypted = false;
    figures.b_frames = figures.interlaced = true;
    vg_probe_judge(&figures, &persons, &verdict);
    assert_int_equal(verdict.count, 17); /* stamps that jump leave nothing to say of jitter */
    assert_int_equal(verdict.verdict, VG_VERDICT_DEGRADED);
    for (size_t i = 0; i < verdict.count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(verdict.reason[i].code, verdict.reason[j].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_source_has_no_reason),
        cmocka_unit_test(each_rule_at_its_border),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(what_breaks_off_is_degraded),
        cmocka_unit_test(codecs_and_profiles),
        cmocka_unit_test(persons_have_a_least_height),
        cmocka_unit_test(the_worst_source_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
