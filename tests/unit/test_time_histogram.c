/* The histogram of times: its buckets, its quantiles against sorted values, lateness without
 * coordinated omission, merging and subtracting, its text. labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/time_histogram.h"
#include "src/base/time_metric.h"

enum {
    VALUES = 20000,
    THREADS = 4
};

static void buckets_cover_without_gap(void **state)
{
    (void)state;
    int64_t next = 0;
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++) {
        const int64_t most = vg_time_histogram_bucket_most_us(i);
        assert_true(most >= next);
        assert_int_equal(vg_time_histogram_bucket(next), i);
        assert_int_equal(vg_time_histogram_bucket(most), i);
        assert_true((most - next) * VG_TIME_HISTOGRAM_PARTS <= next);
        if (most == VG_TIME_HISTOGRAM_MOST_US)
            break;
        next = most + 1;
    }
    assert_int_equal(vg_time_histogram_bucket(-5), 0);
    assert_true(vg_time_histogram_bucket(INT64_MAX) < VG_TIME_HISTOGRAM_BUCKETS);
    assert_int_equal(vg_time_histogram_bucket(INT64_MAX),
                     vg_time_histogram_bucket(VG_TIME_HISTOGRAM_MOST_US));
    assert_int_equal(vg_time_histogram_bucket_most_us(VG_TIME_HISTOGRAM_BUCKETS - 1),
                     VG_TIME_HISTOGRAM_MOST_US);
}

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Of every size: uniform in the logarithm up to `most`. */
static int64_t any_value(struct vg_random *random, double most)
{
    return (int64_t)exp(vg_random_unit(random) * log(most));
}

static void quantiles_are_those_of_the_sorted_values(void **state)
{
    static const double mosts[] = {100, 1e3, 1e6, 3.5e9};
    static const double wanted[] = {0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
    (void)state;
    int64_t *value = vg_alloc_array(VALUES, sizeof *value);
    for (size_t m = 0; m < sizeof mosts / sizeof *mosts; m++) {
        struct vg_time_histogram *h = vg_alloc(sizeof *h);
        struct vg_time_histogram_view *view = vg_alloc(sizeof *view);
        struct vg_random random;
        double sum = 0;
        assert_true(value && h && view);
        vg_random_seed(&random, m + 1);
        for (size_t i = 0; i < VALUES; i++) {
            value[i] = any_value(&random, mosts[m]);
            sum += (double)value[i];
            vg_time_histogram_add(h, value[i]);
        }
        qsort(value, VALUES, sizeof *value, by_value);
        vg_time_histogram_read(h, view);
        assert_int_equal(vg_time_histogram_count(view), VALUES);
        assert_true(fabs(vg_time_histogram_mean_us(view) * VALUES / sum - 1) <
                    0.5 / VG_TIME_HISTOGRAM_PARTS);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            const double rank = ceil(wanted[i] * VALUES);
            const int64_t true_us = value[rank < 1 ? 0 : (size_t)rank - 1];
            const int64_t told_us = vg_time_histogram_quantile_us(view, wanted[i]);
            assert_int_equal(told_us,
                             vg_time_histogram_bucket_most_us(vg_time_histogram_bucket(true_us)));
            assert_true(told_us >= true_us);
            assert_true((told_us - true_us) * VG_TIME_HISTOGRAM_PARTS <= true_us);
        }
        vg_free(h);
        vg_free(view);
    }
    vg_free(value);
}

static const struct {
    const char *name;
    int64_t us, interval_us;
    uint32_t count;
    int64_t want[6]; /* ended by a value below 0 */
} dues[] = {
    {"one", 100, 200, 1, {100, -1}},
    {"late, and nothing fell due meanwhile", 900, 200, 1, {900, -1}},
    {"those that fell due meanwhile", 120, 50, 3, {120, 70, 20, -1}},
    {"not those that are still to come", 120, 50, 9, {120, 70, 20, -1}},
    {"at the same time", 120, 0, 2, {120, 120, -1}},
    {"none", 120, 50, 0, {-1}},
};

static void who_waited_counts(void **state)
{
    (void)state;
    for (size_t d = 0; d < sizeof dues / sizeof *dues; d++) {
        struct vg_time_histogram *h = vg_alloc(sizeof *h);
        struct vg_time_metric *metric = vg_alloc(sizeof *metric);
        struct vg_time_histogram_view view, want = {{0}};
        assert_true(h && metric);
        vg_time_histogram_add_due(h, dues[d].us, dues[d].interval_us, dues[d].count);
        vg_time_metric_add_due(metric, dues[d].us, dues[d].interval_us, dues[d].count);
        for (size_t i = 0; dues[d].want[i] >= 0; i++)
            want.bucket[vg_time_histogram_bucket(dues[d].want[i])]++;
        vg_time_histogram_read(h, &view);
        assert_memory_equal(&view, &want, sizeof view);
        vg_time_histogram_read(&metric->fine, &view);
        assert_memory_equal(&view, &want, sizeof view);
        vg_free(h);
        vg_free(metric);
    }
    struct vg_time_histogram *h = vg_alloc(sizeof *h);
    struct vg_time_histogram_view view;
    assert_non_null(h);
    vg_time_histogram_add_due(h, INT64_MAX, 1, UINT32_MAX); /* bounded */
    vg_time_histogram_read(h, &view);
    assert_int_equal(vg_time_histogram_count(&view), VG_TIME_HISTOGRAM_DUES_MAX);
    vg_free(h);
}

/* A second's stall once in a hundred seconds, at 10 a second: who counts only those that were
 * served finds p95 and p99 well, who counts those that were due finds the stall. */
static void a_stall_is_seen(void **state)
{
    (void)state;
    struct vg_time_histogram *plain = vg_alloc(sizeof *plain), *due = vg_alloc(sizeof *due);
    struct vg_time_histogram_view view;
    assert_true(plain && due);
    for (int i = 0; i < 290; i++) {
        const int64_t us = i == 100 ? 1000000 : 1000;
        vg_time_histogram_add(plain, us);
        vg_time_histogram_add_due(due, us, 100000, us > 100000 ? 10 : 1);
    }
    vg_time_histogram_read(plain, &view);
    assert_true(vg_time_histogram_quantile_us(&view, 0.99) < 1100);
    vg_time_histogram_read(due, &view);
    assert_true(vg_time_histogram_quantile_us(&view, 0.99) >= 800000);
    vg_free(plain);
    vg_free(due);
}

static void an_interval_is_a_difference(void **state)
{
    (void)state;
    struct vg_time_histogram *h = vg_alloc(sizeof *h);
    struct vg_time_histogram_view before, after, none = {{0}};
    assert_non_null(h);
    for (int i = 0; i < 50; i++)
        vg_time_histogram_add(h, 100);
    vg_time_histogram_read(h, &before);
    for (int i = 0; i < 10; i++)
        vg_time_histogram_add(h, 7000);
    vg_time_histogram_read(h, &after);
    vg_time_histogram_subtract(&after, &before);
    assert_int_equal(vg_time_histogram_count(&after), 10);
    assert_true(vg_time_histogram_quantile_us(&after, 0) >= 7000);
    vg_time_histogram_merge(&after, &before);
    assert_int_equal(vg_time_histogram_count(&after), 60);
    assert_int_equal(vg_time_histogram_quantile_us(&after, 0.5), 100);
    before = after; /* a process that started anew: nothing below 0 */
    vg_time_histogram_read(h, &after);
    vg_time_histogram_subtract(&none, &before);
    assert_int_equal(vg_time_histogram_count(&none), 0);
    assert_int_equal(vg_time_histogram_quantile_us(&none, 0.5), 0);
    vg_free(h);
}

static void the_text_comes_back(void **state)
{
    (void)state;
    static char text[65536];
    struct vg_text_buffer out;
    struct vg_time_histogram_view view = {{0}}, back;
    struct vg_random random;
    vg_random_seed(&random, 7);
    for (int i = 0; i < 900; i++)
        view.bucket[vg_time_histogram_bucket(any_value(&random, 3.6e9))]++;
    vg_text_buffer_init(&out, text, sizeof text);
    vg_time_histogram_write(&view, &out);
    assert_int_equal(out.left_out, 0);
    assert_int_equal(vg_time_histogram_parse(&back, text, out.size), VG_OK);
    assert_memory_equal(&back, &view, sizeof view);
    static const struct {
        const char *text;
        enum vg_status status;
    } rows[] = {
        {"0", VG_OK},
        {"3 5:1 7:2", VG_OK},
        {"", VG_E_INPUT},
        {"3 5:1", VG_E_INPUT},
        {"1 1728:1", VG_E_INPUT},
        {"1 5", VG_E_INPUT},
        {"1 5:", VG_E_INPUT},
        {"1 5:1 ", VG_E_INPUT},
        {"x", VG_E_INPUT},
        {"1 -5:1", VG_E_INPUT},
        {"99999999999999999999 5:1", VG_E_INPUT},
        {"1 5:18446744073709551615 6:2", VG_E_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_time_histogram_parse(&back, rows[i].text, strlen(rows[i].text)),
                         rows[i].status);
}

static void *add_many(void *user)
{
    for (int i = 0; i < VALUES; i++)
        vg_time_histogram_add(user, i);
    return NULL;
}

static void threads_add_together(void **state)
{
    (void)state;
    struct vg_time_histogram *h = vg_alloc(sizeof *h);
    struct vg_time_histogram_view view;
    pthread_t thread[THREADS];
    assert_non_null(h);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, add_many, h), 0);
    vg_time_histogram_read(h, &view); /* beside them */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    vg_time_histogram_read(h, &view);
    assert_int_equal(vg_time_histogram_count(&view), (uint64_t)THREADS * VALUES);
    vg_free(h);
}

/* The last minute or two: what is older goes. */
static void late_quantiles_forget(void **state)
{
    (void)state;
    static const struct {
        int64_t at_s, us; /* added then, 10 times; below 0: none */
        const char *want; /* of p95; NULL: no line */
    } rows[] = {
        {100, -1, NULL},         {101, 100, "0.000100"}, {150, -1, "0.000100"},
        {161, 5000, "0.005055"}, {170, -1, "0.005055"},  {225, -1, NULL},
        {290, -1, NULL},         {295, 100, "0.000100"},
    };
    struct vg_time_metric *metric = vg_alloc(sizeof *metric);
    assert_non_null(metric);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024], line[64] = "";
        struct vg_text_buffer out;
        for (int n = 0; n < 10 && rows[i].us >= 0; n++)
            vg_time_metric_add(metric, rows[i].us);
        vg_text_buffer_init(&out, text, sizeof text);
        vg_time_metric_print_recent(metric, "x", "a=\"b\"",
                                    (struct vg_mono_time){rows[i].at_s * VG_US_PER_S}, &out);
        if (rows[i].want)
            (void)snprintf(line, sizeof line, "x{a=\"b\",quantile=\"0.95\"} %s\n", rows[i].want);
        assert_int_equal(text[0] != '\0', rows[i].want != NULL);
        assert_non_null(strstr(text, line));
    }
    vg_free(metric);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_cover_without_gap),
        cmocka_unit_test(quantiles_are_those_of_the_sorted_values),
        cmocka_unit_test(who_waited_counts),
        cmocka_unit_test(a_stall_is_seen),
        cmocka_unit_test(an_interval_is_a_difference),
        cmocka_unit_test(the_text_comes_back),
        cmocka_unit_test(threads_add_together),
        cmocka_unit_test(late_quantiles_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
