/* Packets in order: what is lost, late, doubled, held; another sender; and at random. */
#include "tests/rtp_fixture.h"

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/media/rtp_reorder.h"

#define HOLD_US 60000

enum {
    STEPS = 12,
    OUT = 12,
    END = -1,
    TICK = -2,      /* time alone, after HOLD_US */
    OTHER = 1 << 20 /* of another sender */
};

/* sequence numbers in, those that come out; 1 ms between them */
static const struct row {
    const char *name;
    enum vg_rtp_order order;
    int32_t in[STEPS];
    int32_t out[OUT];
    struct vg_rtp_reorder_counts counts;
    uint64_t gaps; /* lost, as told with the packets */
} rows[] = {
    {"in order", VG_RTP_ANY_ORDER, {1, 2, 3, END}, {1, 2, 3, END}, {0}, 0},
    {"two change places", VG_RTP_ANY_ORDER, {1, 3, 2, 4, END}, {1, 2, 3, 4, END}, {0}, 0},
    {"the numbers wrap",
     VG_RTP_ANY_ORDER,
     {65534, 0, 65535, 1, END},
     {65534, 65535, 0, 1, END},
     {0},
     0},
    {"a gap that is not filled",
     VG_RTP_ANY_ORDER,
     {1, 3, 4, TICK, 5, END},
     {1, 3, 4, 5, END},
     {.lost = 1},
     1},
    {"a gap that waits", VG_RTP_ANY_ORDER, {1, 3, 4, END}, {1, END}, {.held = 2}, 0},
    {"two gaps, the older ends first",
     VG_RTP_ANY_ORDER,
     {1, 3, 6, TICK, END},
     {1, 3, 6, END},
     {.lost = 3},
     3},
    {"late, and once more",
     VG_RTP_ANY_ORDER,
     {1, 3, TICK, 2, 2, 4, END},
     {1, 3, 4, END},
     {.lost = 1, .late = 1, .doubled = 1},
     1},
    {"before the first", VG_RTP_ANY_ORDER, {5, 4, 6, END}, {5, 6, END}, {.late = 1}, 0},
    {"doubled, given out and held",
     VG_RTP_ANY_ORDER,
     {1, 1, 3, 3, 2, 2, 3, END},
     {1, 2, 3, END},
     {.doubled = 4},
     0},
    {"by TCP a gap is a loss at once",
     VG_RTP_IN_ORDER,
     {1, 3, 2, 2, 4, 4, END},
     {1, 3, 4, END},
     {.lost = 1, .late = 1, .doubled = 2},
     1},
    {"beyond the window the wait ends",
     VG_RTP_ANY_ORDER,
     {1, 3, 258, 259, 4, END},
     {1, 3, 4, END},
     {.lost = 1, .held = 2},
     1},
    {"a gap of 2999 is a gap",
     VG_RTP_IN_ORDER,
     {1, 3001, 3002, END},
     {1, 3001, 3002, END},
     {.lost = 2999},
     2999},
    {"3000 are a jump",
     VG_RTP_IN_ORDER,
     {1, 3002, 3003, END},
     {1, 3002, 3003, END},
     {.restarts = 1},
     0},
    {"back by 257 is a jump",
     VG_RTP_IN_ORDER,
     {1000, 744, 743, END},
     {1000, 744, END},
     {.restarts = 1, .late = 1},
     0},
    {"another sender, by TCP",
     VG_RTP_IN_ORDER,
     {1, OTHER + 9, OTHER + 10, END},
     {1, OTHER + 9, OTHER + 10, END},
     {.restarts = 1},
     0},
    {"another sender, by UDP: two in a row",
     VG_RTP_ANY_ORDER,
     {1, 3, OTHER + 9, OTHER + 9, OTHER + 10, OTHER + 11, END},
     {1, 3, OTHER + 9, OTHER + 10, OTHER + 11, END},
     {.restarts = 1, .lost = 1, .doubled = 1},
     1},
    {"strays by UDP",
     VG_RTP_ANY_ORDER,
     {1, OTHER + 9, 2, OTHER + 12, 3, 40000, 4, END},
     {1, 2, 3, 4, END},
     {.strange = 2, .held = 1},
     0},
    {"a jump by UDP: two in a row",
     VG_RTP_ANY_ORDER,
     {1, 40000, 40001, 40003, 40002, END},
     {1, 40000, 40001, 40002, 40003, END},
     {.restarts = 1},
     0},
};

struct run {
    struct vg_rtp_reorder *reorder;
    int64_t now_us;
    int32_t out[4096];
    size_t count;
    uint64_t gaps, restarts;
};

static void take(struct run *run)
{
    struct vg_rtp_ordered ordered;
    while (vg_rtp_reorder_next(run->reorder, (struct vg_mono_time){run->now_us}, &ordered)) {
        assert_true(run->count < 4096);
        assert_int_equal(ordered.packet.payload_bytes, 5);
        /* the payload is that of its number */
        assert_int_equal(ordered.packet.payload[4], ordered.packet.sequence & 255);
        run->gaps += ordered.lost;
        run->restarts += ordered.restarted;
        run->out[run->count++] = ordered.packet.sequence + (ordered.packet.ssrc == 2 ? OTHER : 0);
    }
}

static void put(struct run *run, int32_t sequence)
{
    const uint8_t payload[5] = {1, 2, 3, 4, (uint8_t)(sequence & 255)};
    const struct vg_rtp_packet packet = {.sequence = (uint16_t)(sequence & 0xffff),
                                         .ssrc = sequence & OTHER ? 2 : 1,
                                         .payload = payload,
                                         .payload_bytes = sizeof payload,
                                         .bytes = 17};
    run->now_us += 1000;
    vg_rtp_reorder_put(run->reorder, &packet, (struct vg_mono_time){run->now_us});
    take(run);
}

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct run run;
        run = (struct run){.now_us = 1};
        assert_int_equal(vg_rtp_reorder_open(&run.reorder, rows[i].order, HOLD_US), VG_OK);
        for (size_t s = 0; s < STEPS && rows[i].in[s] != END; s++) {
            if (rows[i].in[s] == TICK) {
                run.now_us += HOLD_US;
                take(&run);
            } else
                put(&run, rows[i].in[s]);
        }
        size_t want = 0;
        for (; want < OUT && rows[i].out[want] != END; want++)
            if (want >= run.count || run.out[want] != rows[i].out[want])
                fail_msg("%s: out %zu", rows[i].name, want);
        const struct vg_rtp_reorder_counts got = vg_rtp_reorder_counts(run.reorder);
        const struct vg_rtp_reorder_counts *counts = &rows[i].counts;
        if (run.count != want || got.lost != counts->lost || got.late != counts->late ||
            got.doubled != counts->doubled || got.strange != counts->strange ||
            got.restarts != counts->restarts || got.held != counts->held ||
            run.gaps != rows[i].gaps || run.restarts != counts->restarts)
            fail_msg("%s: %zu out, lost %lu late %lu doubled %lu strange %lu restarts %lu held %lu",
                     rows[i].name, run.count, (unsigned long)got.lost, (unsigned long)got.late,
                     (unsigned long)got.doubled, (unsigned long)got.strange,
                     (unsigned long)got.restarts, (unsigned long)got.held);
        vg_rtp_reorder_close(&run.reorder);
        assert_null(run.reorder);
    }
}

static void when_it_is_due(void **state)
{
    (void)state;
    static struct run run;
    run = (struct run){.now_us = 0};
    assert_int_equal(vg_rtp_reorder_open(&run.reorder, VG_RTP_ANY_ORDER, HOLD_US), VG_OK);
    assert_int_equal(vg_rtp_reorder_due_us(run.reorder), INT64_MAX);
    put(&run, 1);
    assert_int_equal(vg_rtp_reorder_due_us(run.reorder), INT64_MAX);
    put(&run, 3); /* at 2 ms */
    put(&run, 5);
    assert_int_equal(vg_rtp_reorder_due_us(run.reorder), 2000 + HOLD_US);
    put(&run, 2); /* 3 goes; the gap before 5 is as old as 5 */
    assert_int_equal(vg_rtp_reorder_due_us(run.reorder), 3000 + HOLD_US);
    run.now_us = 2999 + HOLD_US;
    take(&run);
    assert_int_equal(run.count, 3);
    run.now_us = 3000 + HOLD_US;
    take(&run);
    assert_int_equal(run.count, 4);
    assert_int_equal(vg_rtp_reorder_due_us(run.reorder), INT64_MAX);
    vg_rtp_reorder_close(&run.reorder);
}

/* As many as fit wait; large packets fill the memory sooner, and then the gap is given up. */
static void memory_is_bounded(void **state)
{
    (void)state;
    static const struct {
        size_t bytes, fit;
    } sizes[] = {{1500, 255}, {1535, 255}, {9000, 42}, {65000, 6}};
    static uint8_t payload[65000];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vg_rtp_reorder *reorder = NULL;
        struct vg_rtp_ordered ordered;
        const struct vg_mono_time now = {1};
        size_t held = 0;
        assert_int_equal(vg_rtp_reorder_open(&reorder, VG_RTP_ANY_ORDER, HOLD_US), VG_OK);
        const uint64_t before = vg_alloc_held();
        for (uint32_t n = 0; n < 600; n++) {
            const struct vg_rtp_packet packet = {.sequence = (uint16_t)(n == 0 ? 0 : n + 1),
                                                 .payload = payload,
                                                 .payload_bytes = sizes[i].bytes};
            vg_rtp_reorder_put(reorder, &packet, now);
            while (vg_rtp_reorder_next(reorder, now, &ordered))
                assert_int_equal(ordered.packet.payload_bytes, sizes[i].bytes);
            if (vg_rtp_reorder_counts(reorder).held > held)
                held = vg_rtp_reorder_counts(reorder).held;
        }
        if (held != sizes[i].fit)
            fail_msg("%zu bytes: %zu held", sizes[i].bytes, held);
        assert_int_equal(vg_rtp_reorder_counts(reorder).lost, 1);
        assert_int_equal(vg_alloc_held(), before);
        vg_rtp_reorder_close(&reorder);
    }
}

static void sequences_are_extended(void **state)
{
    (void)state;
    static struct run run;
    run = (struct run){.now_us = 0};
    assert_int_equal(vg_rtp_reorder_open(&run.reorder, VG_RTP_ANY_ORDER, HOLD_US), VG_OK);
    assert_false(vg_rtp_reorder_sequences(run.reorder).begun);
    for (int32_t s = 65000; s < 65000 + 140000; s++)
        if (s % 1000 != 7) {
            run.count = 0;
            put(&run, s & 0xffff);
        }
    const struct vg_rtp_sequences sequences = vg_rtp_reorder_sequences(run.reorder);
    assert_int_equal(sequences.first, 65000);
    assert_int_equal(sequences.highest, 65000 + 140000 - 1);
    assert_int_equal(sequences.received, 140000 - 140);
    vg_rtp_reorder_close(&run.reorder);
}

/* ---- at random ---- */

enum {
    SENT = 3000
};

struct flight {
    int32_t sequence;
    int64_t at_us;
};

static int by_time(const void *a, const void *b)
{
    const struct flight *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* A network that loses, doubles and delays. What comes out rises, nothing twice; what came within
 * the hold is there; and the sums hold. */
static void network(uint64_t seed)
{
    static struct flight flights[2 * SENT];
    static struct run run;
    static bool came[SENT];
    struct vg_random random;
    size_t count = 0, distinct = 0;
    vg_random_seed(&random, seed);
    memset(came, 0, sizeof came);
    const uint32_t loss = vg_random_below(&random, 30), twice = vg_random_below(&random, 10);
    const uint32_t spread_us = 1 + vg_random_below(&random, HOLD_US * 3 / 2);
    const int32_t first = (int32_t)vg_random_below(&random, 65536);
    for (int32_t i = 0; i < SENT; i++)
        for (int copy = 0; copy < 2; copy++) {
            /* the first two arrive, as nothing can be known of what is before them */
            const bool sent = copy == 0 ? i == 0 || vg_random_below(&random, 100) >= loss
                                        : vg_random_below(&random, 100) < twice;
            if (!sent)
                continue;
            distinct += !came[i];
            came[i] = true;
            flights[count++] = (struct flight){
                i, i == 0 ? 0 : i * INT64_C(1000) + vg_random_below(&random, spread_us)};
        }
    qsort(flights, count, sizeof *flights, by_time);
    run = (struct run){.now_us = 0};
    assert_int_equal(vg_rtp_reorder_open(&run.reorder, VG_RTP_ANY_ORDER, HOLD_US), VG_OK);
    for (size_t i = 0; i < count; i++) {
        run.now_us = flights[i].at_us - 1000; /* put adds it */
        put(&run, (first + flights[i].sequence) & 0xffff);
    }
    run.now_us += 10 * HOLD_US;
    take(&run);
    const struct vg_rtp_reorder_counts counts = vg_rtp_reorder_counts(run.reorder);
    int32_t before = -1;
    for (size_t i = 0; i < run.count; i++) {
        const int32_t sequence = (run.out[i] - first) & 0xffff;
        if (sequence <= before || sequence >= SENT || !came[sequence])
            fail_msg("seed %lu: %d after %d", (unsigned long)seed, sequence, before);
        before = sequence;
    }
    if (run.count + counts.late + counts.doubled != count || counts.held || counts.restarts ||
        run.count + counts.lost != (uint64_t)before + 1 || run.gaps != counts.lost ||
        run.count > distinct)
        fail_msg("seed %lu: %zu of %zu out, lost %lu late %lu doubled %lu", (unsigned long)seed,
                 run.count, count, (unsigned long)counts.lost, (unsigned long)counts.late,
                 (unsigned long)counts.doubled);
    /* all delays below the hold: nothing that came is lost */
    if (spread_us < HOLD_US && (counts.late || run.count != distinct))
        fail_msg("seed %lu: %zu of %zu out, %lu late", (unsigned long)seed, run.count, distinct,
                 (unsigned long)counts.late);
    vg_rtp_reorder_close(&run.reorder);
}

static void at_random(void **state)
{
    (void)state;
    const char *given = getenv("VIGIE_SEED");
    if (given) {
        network(strtoull(given, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= 40; seed++)
        network(seed);
}

static void no_memory(void **state)
{
    (void)state;
    struct vg_rtp_reorder *reorder = NULL;
    enum vg_status status = VG_E_MEMORY;
    for (uint32_t n = 1; status; n++) {
        vg_alloc_fail_at(n);
        status = vg_rtp_reorder_open(&reorder, VG_RTP_ANY_ORDER, HOLD_US);
        vg_alloc_fail_at(0);
        assert_true(n < 8 && (status == VG_OK || (status == VG_E_MEMORY && !reorder)));
    }
    vg_rtp_reorder_close(&reorder);
    vg_rtp_reorder_close(&reorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(when_it_is_due),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(sequences_are_extended),
        cmocka_unit_test(at_random),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
