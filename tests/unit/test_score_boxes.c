/* The worked examples of detection and tracking, computed by an independent script that agrees
 * with pycocotools and TrackEval, and the edges of the definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/score/average_precision.h"
#include "src/score/mot_file.h"
#include "src/score/track_metrics.h"

#define NEAR(got, want)                                                            \
    do {                                                                           \
        if (!(fabs((got) - (want)) < 1e-6))                                        \
            fail_msg("%s is %.9f, not %.9f", #got, (double)(got), (double)(want)); \
    } while (0)

static struct vg_mot_file parse(const char *text)
{
    struct vg_mot_file file;
    struct vg_fault fault = {0};
    if (vg_mot_parse("text", (const uint8_t *)text, strlen(text), &file, &fault) != VG_OK)
        fail_msg("%s: %s", fault.what, fault.place);
    return file;
}

static struct vg_ap_result score_boxes(const char *truth, const char *found)
{
    struct vg_mot_file t = parse(truth), f = parse(found);
    struct vg_ap_result result;
    assert_int_equal(vg_ap_score(&t, &f, &result), VG_OK);
    vg_mot_close(&t);
    vg_mot_close(&f);
    return result;
}

static struct vg_track_result score_tracks(const char *truth, const char *found)
{
    struct vg_mot_file t = parse(truth), f = parse(found);
    struct vg_fault fault;
    struct vg_track_result result;
    assert_int_equal(vg_mot_check_tracks("truth", &t, &fault), VG_OK);
    assert_int_equal(vg_mot_check_tracks("found", &f, &fault), VG_OK);
    assert_int_equal(vg_track_score(&t, &f, &result), VG_OK);
    vg_mot_close(&t);
    vg_mot_close(&f);
    return result;
}

static const char box_truth[] = "1,1,10,10,20,40,1,-1,-1,0\n"
                                "1,2,50,10,20,40,1,-1,-1,0\n"
                                "2,1,10,10,20,40,0,-1,-1,0\n" /* column 7 is ignored */
                                "3,1,10,10,20,40,1,-1,-1,0\n"
                                "3,2,60,10,20,40,1,-1,-1,0\n";
static const char box_found[] = "1,-1,10,10,20,40,0.95,person,-1\n"
                                "1,-1,12,14,20,40,0.90,person,-1\n"
                                "2,-1,13,10,20,40,0.80,person,-1\n"
                                "1,-1,52,12,20,40,0.70,person,-1\n"
                                "3,-1,100,10,20,40,0.60,person,-1\n"
                                "3,-1,10,20,20,40,0.50,person,-1\n"
                                "3,-1,66,10,20,40,0.40,person,-1\n";

static void test_ap_example(void **state)
{
    const struct vg_ap_result r = score_boxes(box_truth, box_found);
    (void)state;
    assert_int_equal(r.truths, 5);
    assert_int_equal(r.detections, 7);
    NEAR(r.ap50, 0.785714286);
    NEAR(r.ap50_at_101, 0.787835926);
    NEAR(r.ap_at_101, 0.411127);
    NEAR(r.best_f1, 2 * (5.0 / 7) * 1 / (5.0 / 7 + 1));
    NEAR(r.best_score, (double)0.4f);
}

static void test_ap_edges(void **state)
{
    (void)state;
    assert_int_equal(score_boxes("", box_found).truths, 0);
    NEAR(score_boxes(box_truth, "").ap50, 0);
    /* at exactly half: 20x40 over the lower half of itself */
    NEAR(score_boxes("1,1,0,0,20,40,1,1,1,0\n", "1,-1,0,20,20,20,0.5,person,-1\n").ap50, 1);
    NEAR(score_boxes("1,1,0,0,20,40,1,1,1,0\n", "1,-1,0,20,20,19.9,0.5,person,-1\n").ap50, 0);
    /* equal scores: the first of the file comes first */
    NEAR(score_boxes("1,1,0,0,9,9,1,1,1,0\n", "2,-1,0,0,9,9,0.5,person,-1\n"
                                              "1,-1,0,0,9,9,0.5,person,-1\n")
             .ap50,
         0.5);
    NEAR(score_boxes("1,1,0,0,9,9,1,1,1,0\n", "1,-1,0,0,9,9,0.5,person,-1\n"
                                              "2,-1,0,0,9,9,0.5,person,-1\n")
             .ap50,
         1);
}

/* beyond 100 in one picture the weakest do not count */
static void test_ap_cut(void **state)
{
    char text[8192];
    size_t n = 0;
    (void)state;
    for (int i = 0; i < 100; i++)
        n +=
            (size_t)snprintf(text + n, sizeof text - n, "1,-1,%d,500,9,9,0.9,person,-1\n", 100 * i);
    (void)snprintf(text + n, sizeof text - n, "1,-1,0,0,9,9,0.5,person,-1\n");
    const struct vg_ap_result r = score_boxes("1,1,0,0,9,9,1,1,1,0\n", text);
    assert_int_equal(r.detections, 100);
    NEAR(r.ap50, 0);
}

static const char track_truth[] = "1,1,0,0,10,20,1,1,1,0\n2,1,4,0,10,20,1,1,1,0\n"
                                  "3,1,8,0,10,20,1,1,1,0\n4,1,12,0,10,20,1,1,1,0\n"
                                  "5,1,16,0,10,20,1,1,1,0\n1,2,60,0,10,20,1,1,1,0\n"
                                  "2,2,56,0,10,20,1,1,1,0\n3,2,52,0,10,20,1,1,1,0\n"
                                  "4,2,48,0,10,20,1,1,1,0\n";
static const char track_found[] = "1,11,0,0,10,20,1,person,-1\n1,12,60,0,10,20,1,person,-1\n"
                                  "2,11,5,0,10,20,1,person,-1\n2,12,56,2,10,20,1,person,-1\n"
                                  "3,11,8,0,10,20,1,person,-1\n4,13,12,0,10,20,1,person,-1\n"
                                  "4,12,48,0,10,20,1,person,-1\n4,14,100,50,10,20,1,person,-1\n"
                                  "5,13,17,0,10,20,0,person,-1\n";

static void test_track_example(void **state)
{
    const struct vg_track_result r = score_tracks(track_truth, track_found);
    (void)state;
    assert_int_equal(r.truth_tracks, 2);
    assert_int_equal(r.tracks, 4);
    assert_int_equal(r.frames, 5);
    assert_int_equal(r.clear.hits, 8);
    assert_int_equal(r.clear.misses, 1);
    assert_int_equal(r.clear.false_boxes, 1);
    assert_int_equal(r.clear.switches, 1);
    assert_int_equal(r.clear.mostly_tracked, 1);
    assert_int_equal(r.clear.partly_tracked, 1);
    assert_int_equal(r.clear.mostly_lost, 0);
    assert_int_equal(r.clear.fragments, 1);
    NEAR(r.clear.mota, 0.666667 - 0.000000333);
    NEAR(r.clear.motp, 0.931818182);
    assert_int_equal(r.identity.hits, 6);
    assert_int_equal(r.identity.misses, 3);
    assert_int_equal(r.identity.false_boxes, 3);
    NEAR(r.identity.idf1, 0.666666667);
    NEAR(r.hota.level[9], 0.696419);
    NEAR(r.hota.level[15], 0.696419); /* 0.80 */
    NEAR(r.hota.level[16], 0.354459);
    NEAR(r.hota.level[18], 0.354459);
    NEAR(r.hota.hota, 0.642426);
    NEAR(r.hota.det_a, 0.734413);
    NEAR(r.hota.ass_a, 0.562105);
    NEAR(r.hota.loc_a, 0.942584);
}

static void test_track_edges(void **state)
{
    (void)state;
    const struct vg_track_result self = score_tracks(track_truth, track_truth);
    NEAR(self.clear.mota, 1);
    NEAR(self.identity.idf1, 1);
    NEAR(self.hota.hota, 1);
    const struct vg_track_result nothing = score_tracks(track_truth, "");
    NEAR(nothing.clear.mota, 0);
    NEAR(nothing.identity.idf1, 0);
    NEAR(nothing.hota.hota, 0);
    NEAR(nothing.hota.loc_a, 1);
    assert_int_equal(nothing.clear.misses, 9);
    const struct vg_track_result invented = score_tracks("", track_found);
    assert_int_equal(invented.clear.false_boxes, 9);
    NEAR(invented.clear.mota, 0);
    const struct vg_track_result none = score_tracks("", "");
    NEAR(none.identity.idf1, 0);
    /* MOTA may be negative */
    NEAR(score_tracks("1,1,0,0,9,9,1,1,1,0\n", "1,1,50,0,9,9,1,person,-1\n"
                                               "1,2,70,0,9,9,1,person,-1\n")
             .clear.mota,
         -2);
    /* the pair of the picture before is kept though another overlaps more */
    const struct vg_track_result kept =
        score_tracks("1,1,0,0,10,10,1,1,1,0\n2,1,0,0,10,10,1,1,1,0\n",
                     "1,7,0,0,10,10,1,person,-1\n2,7,0,2,10,10,1,person,-1\n"
                     "2,8,0,0,10,10,1,person,-1\n");
    assert_int_equal(kept.clear.switches, 0);
    assert_int_equal(kept.clear.false_boxes, 1);
}

static const struct {
    const char *name, *text, *what, *place;
} refused[] = {
    {"columns", "1,2,3\n", "not 9 or 10 columns", "f:1: 3"},
    {"mixed", "1,1,0,0,9,9,1,1,1,0\n\n1,1,0,0,9,9,1,person,1\n",
     "not as many columns as the lines before", "f:3: 9"},
    {"frame 0", "0,1,0,0,9,9,1,1,1,0\n", "the number is out of range", "f:1: 1: \"0\""},
    {"frame 1.5", "1.5,1,0,0,9,9,1,1,1,0\n", "not a whole number", "f:1: 1: \"1.5\""},
    {"word", "1,1,left,0,9,9,1,1,1,0\n", "not a number", "f:1: 3: \"left\""},
    {"infinite", "1,1,inf,0,9,9,1,1,1,0\n", "not a number", "f:1: 3: \"inf\""},
    {"negative width", "1,1,0,0,-9,9,1,1,1,0\n", "the number is out of range", "f:1: 5: \"-9\""},
    {"score 2", "1,1,0,0,9,9,2,person,1\n", "the number is out of range", "f:1: 7: \"2\""},
    {"class", "1,1,0,0,9,9,1,face,1\n", "not a class", "f:1: 8: \"face\""},
    {"open quote", "1,1,0,0,9,9,1,\"person,1\n", "a quoted field does not end", "f:1"},
    {"a header", "frame,id,left,top,width,height,score,class,visibility\n", "not a number",
     "f:1: 1: \"frame\""},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct vg_mot_file file;
        struct vg_fault fault = {0};
        const char *text = refused[i].text;
        const enum vg_status status =
            vg_mot_parse("f", (const uint8_t *)text, strlen(text), &file, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, refused[i].what) != 0 ||
            strcmp(fault.place, refused[i].place) != 0)
            fail_msg("%s: %d %s: %s", refused[i].name, status, fault.what, fault.place);
        assert_null(file.row);
    }
}

static void test_tracks_refused(void **state)
{
    struct vg_mot_file file = parse("1,-1,0,0,9,9,1,person,1\n");
    struct vg_fault fault = {0};
    (void)state;
    assert_int_equal(vg_mot_check_tracks("f", &file, &fault), VG_E_INPUT);
    assert_string_equal(fault.place, "f:1");
    vg_mot_close(&file);
    file = parse("2,5,0,0,9,9,1,person,1\n1,5,0,0,9,9,1,person,1\n2,5,3,0,9,9,1,person,1\n");
    assert_int_equal(vg_mot_check_tracks("f", &file, &fault), VG_E_INPUT);
    assert_string_equal(fault.place, "f:3: 5");
    vg_mot_close(&file);
}

static void test_keep_class(void **state)
{
    struct vg_mot_file file = parse("1,1,0,0,9,9,1,person,1\r\n 1 , 2,0,0,9,9,1, \"car\" ,1\n");
    (void)state;
    assert_int_equal(file.count, 2);
    assert_int_equal(file.row[1].class_id, VG_CLASS_CAR);
    vg_mot_keep_class(&file, VG_CLASS_CAR);
    assert_int_equal(file.count, 1);
    assert_int_equal(file.row[0].id, 2);
    vg_mot_close(&file);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct vg_mot_file t = parse(track_truth), f = parse(track_found);
    struct vg_fault fault;
    assert_int_equal(vg_mot_check_tracks("t", &t, &fault), VG_OK);
    assert_int_equal(vg_mot_check_tracks("f", &f, &fault), VG_OK);
    for (uint32_t n = 1;; n++) {
        struct vg_track_result result;
        struct vg_ap_result ap;
        struct vg_mot_file again;
        assert_true(n < 100);
        vg_alloc_fail_at(n);
        enum vg_status status =
            vg_mot_parse("t", (const uint8_t *)track_truth, sizeof track_truth - 1, &again, &fault);
        if (status == VG_OK)
            status = vg_track_score(&t, &again, &result);
        if (status == VG_OK)
            status = vg_ap_score(&t, &f, &ap);
        vg_alloc_fail_at(0);
        vg_mot_close(&again);
        if (status == VG_OK)
            break;
        assert_int_equal(status, VG_E_MEMORY);
    }
    vg_mot_close(&t);
    vg_mot_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ap_example),     cmocka_unit_test(test_ap_edges),
        cmocka_unit_test(test_ap_cut),         cmocka_unit_test(test_track_example),
        cmocka_unit_test(test_track_edges),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tracks_refused), cmocka_unit_test(test_keep_class),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
