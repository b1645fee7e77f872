/* The shared slots: states, wants, sums, recovery, and a hostile other side.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/random.h"
#include "src/media/slots.h"

enum {
    WIDTH = 64,
    HEIGHT = 48,
    FLUX = 1 /* the second of two: offsets of the first are 0 and would hide faults */
};

static const struct vg_slots_settings small = {
    .flux_max = 2, .slots_per_flux = 4, .width_max = 128, .height_max = 96};

static struct vg_slots *open_small(int *fd)
{
    struct vg_slots *slots = NULL;
    struct vg_fault fault;
    assert_int_equal(vg_slots_create(&small, fd, &fault), VG_OK);
    assert_int_equal(vg_slots_open(&slots, *fd, &fault), VG_OK);
    vg_slots_assign(slots, FLUX, vg_slots_tag("cam-1"));
    return slots;
}

static void close_small(struct vg_slots **slots, int fd)
{
    vg_slots_close(slots);
    assert_null(*slots);
    (void)close(fd);
}

/* Every byte of the picture tells its sequence number. */
static void fill(const struct vg_pixels *pixels, uint64_t sequence)
{
    memset(pixels->luma, (int)(sequence & 255), (size_t)pixels->luma_stride * pixels->height);
    memset(pixels->chroma, (int)((sequence * 3 + 1) & 255),
           (size_t)pixels->chroma_stride * (pixels->height / 2));
}

static bool filled(const struct vg_picture *picture)
{
    const uint8_t luma = (uint8_t)picture->sequence, chroma = (uint8_t)(picture->sequence * 3 + 1);
    for (uint32_t y = 0; y < picture->height; y++)
        for (uint32_t x = 0; x < picture->width; x++)
            if (picture->luma[(size_t)y * picture->luma_stride + x] != luma)
                return false;
    for (uint32_t y = 0; y < picture->height / 2; y++)
        for (uint32_t x = 0; x < picture->width; x++)
            if (picture->chroma[(size_t)y * picture->chroma_stride + x] != chroma)
                return false;
    return true;
}

/* One decoded picture that arrived at `us` is published. */
static enum vg_status put(struct vg_slots *slots, int64_t us)
{
    struct vg_slots_room room;
    struct vg_picture about = {.matrix = VG_MATRIX_BT709,
                               .range = VG_RANGE_FULL,
                               .epoch = 7,
                               .media = {us},
                               .arrival = {us},
                               .wall = {us}};
    about.sequence = vg_slots_count_decoded(slots, FLUX, about.arrival);
    const enum vg_status status = vg_slots_begin(slots, FLUX, WIDTH, HEIGHT, &room);
    if (status) {
        vg_slots_count(slots, FLUX, VG_FATE_POOL);
        return status;
    }
    fill(&room.pixels, about.sequence);
    vg_slots_publish(slots, FLUX, &room, &about);
    return VG_OK;
}

static uint64_t take(struct vg_slots *slots, uint32_t *slot)
{
    struct vg_picture picture;
    assert_int_equal(vg_slots_take_newest(slots, FLUX, slot, &picture), VG_OK);
    assert_true(filled(&picture));
    return picture.sequence;
}

/* The reader is done with a picture: its fate, then its slot. */
static void finish(struct vg_slots *slots, uint32_t slot, enum vg_fate fate)
{
    vg_slots_count(slots, FLUX, fate);
    vg_slots_give_back(slots, FLUX, slot);
}

/* What came in is what went out; returns the state for further questions. */
static struct vg_slots_state balanced(const struct vg_slots *slots)
{
    struct vg_slots_state state;
    vg_slots_state(slots, FLUX, &state);
    uint64_t out = state.ready + state.held;
    for (int f = 0; f < VG_FATE_COUNT; f++)
        out += state.fate[f];
    assert_int_equal(state.decoded, out);
    return state;
}

static void sizes_are_checked(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        struct vg_slots_settings settings;
        enum vg_status want;
    } rows[] = {
        {"least", {1, 2, 16, 16}, VG_OK},
        {"default", {25, 4, 1920, 1088}, VG_OK},
        {"most", {VG_SLOTS_FLUX_MAX, VG_SLOTS_PER_FLUX_MAX, 4096, 2304}, VG_OK},
        {"no flux", {0, 4, 128, 96}, VG_E_CALL},
        {"too many flux", {VG_SLOTS_FLUX_MAX + 1, 4, 128, 96}, VG_E_CALL},
        {"one slot", {1, 1, 128, 96}, VG_E_CALL},
        {"too many slots", {1, VG_SLOTS_PER_FLUX_MAX + 1, 128, 96}, VG_E_CALL},
        {"odd width", {1, 4, 129, 96}, VG_E_CALL},
        {"odd height", {1, 4, 128, 97}, VG_E_CALL},
        {"too wide", {1, 4, 4098, 96}, VG_E_CALL},
        {"too high", {1, 4, 128, 2306}, VG_E_CALL},
        {"too small", {1, 4, 14, 96}, VG_E_CALL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_fault fault;
        int fd = -1;
        print_message("%s\n", rows[i].name);
        assert_int_equal(vg_slots_create(&rows[i].settings, &fd, &fault), rows[i].want);
        if (rows[i].want) {
            assert_int_equal(fd, -1);
            continue;
        }
        struct vg_slots *slots = NULL;
        assert_int_equal(vg_slots_open(&slots, fd, &fault), VG_OK);
        const struct vg_slots_settings got = vg_slots_geometry(slots);
        assert_memory_equal(&got, &rows[i].settings, sizeof got);
        assert_true(vg_slots_wanted_us(slots, 0) == VG_SLOTS_NEVER);
        close_small(&slots, fd);
    }
}

static void a_picture_is_handed_over_whole(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0;
    struct vg_picture picture;
    struct vg_slots *slots = open_small(&fd);
    assert_int_equal(vg_slots_take_newest(slots, FLUX, &slot, &picture), VG_E_END);
    assert_int_equal(put(slots, 40), VG_OK);
    assert_int_equal(vg_slots_take_newest(slots, FLUX, &slot, &picture), VG_OK);
    assert_int_equal(picture.width, WIDTH);
    assert_int_equal(picture.height, HEIGHT);
    assert_int_equal(picture.flux, FLUX);
    assert_int_equal(picture.epoch, 7);
    assert_int_equal(picture.sequence, 0);
    assert_int_equal(picture.matrix, VG_MATRIX_BT709);
    assert_int_equal(picture.range, VG_RANGE_FULL);
    assert_int_equal(picture.media.us, 40);
    assert_int_equal(picture.arrival.us, 40);
    assert_true(picture.ready.us > 40 && picture.ready.us <= vg_mono_now().us);
    assert_int_equal(picture.wall.us, 40);
    assert_true((uintptr_t)picture.luma % 64 == 0 && (uintptr_t)picture.chroma % 64 == 0);
    assert_true(filled(&picture));
    assert_int_equal(vg_slots_take_newest(slots, FLUX, &slot, &picture), VG_E_END);
    assert_int_equal(balanced(slots).held, 1);
    finish(slots, slot, VG_FATE_ANALYSED);
    assert_int_equal(balanced(slots).held, 0);
    assert_int_equal(balanced(slots).fate[VG_FATE_ANALYSED], 1);
    close_small(&slots, fd);
}

static void the_newest_wins_and_the_rest_is_counted(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0;
    struct vg_slots *slots = open_small(&fd);
    for (int i = 0; i < 10; i++)
        assert_int_equal(put(slots, 40 * i), VG_OK);
    assert_int_equal(balanced(slots).fate[VG_FATE_NEWEST], 9);
    assert_int_equal(balanced(slots).ready, 1);
    assert_int_equal(take(slots, &slot), 9);
    assert_int_equal(balanced(slots).held, 1);
    finish(slots, slot, VG_FATE_OVERLOAD);
    assert_int_equal(balanced(slots).fate[VG_FATE_OVERLOAD], 1);
    close_small(&slots, fd);
}

static void a_full_pool_is_told(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot[4];
    struct vg_slots *slots = open_small(&fd);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(put(slots, i), VG_OK);
        assert_int_equal(take(slots, &slot[i]), i);
    }
    assert_int_equal(put(slots, 9), VG_E_FULL);
    finish(slots, slot[2], VG_FATE_STILL);
    assert_int_equal(put(slots, 10), VG_OK); /* the place given back */
    assert_int_equal(put(slots, 11), VG_OK); /* the unread one gives way */
    assert_int_equal(take(slots, &slot[2]), 6);
    const struct vg_slots_state state = balanced(slots);
    assert_int_equal(state.fate[VG_FATE_POOL], 1);
    assert_int_equal(state.fate[VG_FATE_NEWEST], 1);
    assert_int_equal(state.fate[VG_FATE_STILL], 1);
    assert_int_equal(state.held, 4);
    for (uint32_t i = 0; i < 4; i++)
        finish(slots, slot[i], VG_FATE_ANALYSED);
    assert_int_equal(balanced(slots).fate[VG_FATE_ANALYSED], 4);
    close_small(&slots, fd);
}

static void sizes_of_pictures_are_checked(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t width, height;
        enum vg_status want;
    } rows[] = {{128, 96, VG_OK},     {2, 2, VG_OK},       {130, 96, VG_E_CALL},
                {128, 98, VG_E_CALL}, {63, 48, VG_E_CALL}, {64, 47, VG_E_CALL},
                {0, 48, VG_E_CALL},   {64, 0, VG_E_CALL}};
    int fd = -1;
    struct vg_slots *slots = open_small(&fd);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_slots_room room;
        assert_int_equal(vg_slots_begin(slots, FLUX, rows[i].width, rows[i].height, &room),
                         rows[i].want);
        if (rows[i].want == VG_OK)
            vg_slots_abandon(slots, FLUX, &room);
    }
    close_small(&slots, fd);
}

/* Between arrival and ready, or the arrival: a writer may say anything. */
static void when_a_packet_was_sent_is_told(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        int64_t sent, want;
    } rows[] = {{"said", 1700, 1700},          {"at once", 1000, 1000}, {"not said", 0, 1000},
                {"before it came", 999, 1000}, {"negative", -5, 1000},  {"never", INT64_MAX, 1000}};
    int fd = -1;
    struct vg_slots *slots = open_small(&fd);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_slots_room room;
        struct vg_picture picture;
        uint32_t slot;
        const struct vg_picture about = {.arrival = {1000}};
        (void)vg_slots_count_decoded(slots, FLUX, about.arrival);
        assert_int_equal(vg_slots_begin(slots, FLUX, WIDTH, HEIGHT, &room), VG_OK);
        assert_int_equal(room.sent.us, 0);
        room.sent.us = rows[i].sent;
        vg_slots_publish(slots, FLUX, &room, &about);
        assert_int_equal(vg_slots_take_newest(slots, FLUX, &slot, &picture), VG_OK);
        if (vg_slots_sent(slots, FLUX, slot, &picture).us != rows[i].want)
            fail_msg("%s", rows[i].name);
        finish(slots, slot, VG_FATE_ANALYSED);
    }
    close_small(&slots, fd);
}

static void a_want_is_used_up_once(void **unused)
{
    (void)unused;
    int fd = -1;
    struct vg_slots *slots = open_small(&fd);
    vg_slots_want(slots, FLUX, 100);
    assert_int_equal(put(slots, 120), VG_OK);
    assert_true(vg_slots_wanted_us(slots, FLUX) == VG_SLOTS_NEVER);
    vg_slots_want(slots, FLUX, 300); /* set meanwhile, for later: it stands */
    assert_int_equal(put(slots, 200), VG_OK);
    assert_true(vg_slots_wanted_us(slots, FLUX) == 300);
    vg_slots_want(slots, FLUX, 0);
    assert_int_equal(put(slots, 240), VG_OK);
    assert_true(vg_slots_wanted_us(slots, FLUX) == VG_SLOTS_NEVER);
    close_small(&slots, fd);
}

static void another_flux_at_the_same_place(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0;
    struct vg_picture picture;
    struct vg_slots_state state;
    struct vg_fault fault;
    struct vg_slots *slots = open_small(&fd), *reader = NULL;
    assert_int_equal(vg_slots_open(&reader, fd, &fault), VG_OK);
    vg_slots_expect(reader, FLUX, vg_slots_tag("cam-1"));
    assert_int_equal(put(slots, 1), VG_OK);
    assert_int_equal(take(reader, &slot), 0); /* held over the change */
    assert_int_equal(put(slots, 2), VG_OK);
    const uint32_t epoch = balanced(slots).epoch;
    vg_slots_set_figure(slots, FLUX, VG_FIGURE_FALLS, 3);
    vg_slots_assign(slots, FLUX, vg_slots_tag("cam-1"));
    assert_int_equal(balanced(slots).decoded, 2); /* the same flux: nothing happens */
    assert_int_equal(balanced(slots).figure[VG_FIGURE_FALLS], 3);
    vg_slots_assign(slots, FLUX, vg_slots_tag("cam-2"));
    state = balanced(slots);
    assert_int_equal(state.figure[VG_FIGURE_FALLS], 0);
    assert_int_equal(state.figure[VG_FIGURE_TRANSPORT], -1);
    assert_int_equal(state.decoded, 0);
    assert_int_equal(state.held, 0); /* not of this flux */
    assert_int_equal(state.ready, 0);
    assert_true(state.epoch > epoch);
    assert_true(state.tag == vg_slots_tag("cam-2"));
    assert_int_equal(put(slots, 3), VG_OK);
    uint32_t other = 0;
    /* a reader that does not know yet: the picture is not shown */
    assert_int_equal(vg_slots_take_newest(reader, FLUX, &other, &picture), VG_E_END);
    assert_int_equal(balanced(slots).fate[VG_FATE_STOPPED], 1);
    finish(reader, slot, VG_FATE_ANALYSED); /* its successor does not count it */
    assert_int_equal(balanced(slots).fate[VG_FATE_ANALYSED], 0);
    vg_slots_expect(reader, FLUX, vg_slots_tag("cam-2"));
    assert_int_equal(put(slots, 4), VG_OK);
    assert_int_equal(take(reader, &other), 1);
    finish(reader, other, VG_FATE_ANALYSED);
    assert_int_equal(balanced(slots).fate[VG_FATE_ANALYSED], 1);
    assert_int_equal(vg_slots_recover_writer(slots), 0);
    (void)balanced(slots);
    vg_slots_close(&reader);
    close_small(&slots, fd);
}

static void a_withdrawn_picture_has_its_fate(void **unused)
{
    (void)unused;
    int fd = -1;
    struct vg_slots *slots = open_small(&fd);
    assert_int_equal(put(slots, 1), VG_OK);
    vg_slots_withdraw(slots, FLUX, VG_FATE_STOPPED);
    assert_int_equal(balanced(slots).fate[VG_FATE_STOPPED], 1);
    assert_int_equal(balanced(slots).ready, 0);
    close_small(&slots, fd);
}

/* The reader goes on while ingest is killed and comes again: what it counts, of fates that the
 * writer has too, neither hides nor makes up a lost picture. */
static void the_writer_is_recovered(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0, other = 0;
    struct vg_fault fault;
    struct vg_slots_room room;
    struct vg_slots *slots = open_small(&fd), *reader = NULL;
    assert_int_equal(vg_slots_open(&reader, fd, &fault), VG_OK);
    vg_slots_expect(reader, FLUX, vg_slots_tag("cam-1"));
    assert_int_equal(put(slots, 0), VG_OK);
    assert_int_equal(take(reader, &slot), 0);
    finish(reader, slot, VG_FATE_STOPPED);
    assert_int_equal(put(slots, 1), VG_OK);
    assert_int_equal(take(reader, &slot), 1);
    vg_slots_count(reader, FLUX, VG_FATE_SHUTDOWN); /* and about to be given back */
    assert_int_equal(put(slots, 2), VG_OK);         /* waits for the reader */
    (void)vg_slots_count_decoded(slots, FLUX, (struct vg_mono_time){3});
    assert_int_equal(vg_slots_begin(slots, FLUX, WIDTH, HEIGHT, &room), VG_OK);
    /* killed here, and once more before any slot was taken */
    (void)vg_slots_count_decoded(slots, FLUX, (struct vg_mono_time){4});
    assert_int_equal(vg_slots_recover_writer(slots), 2);
    vg_slots_give_back(reader, FLUX, slot);
    const struct vg_slots_state state = balanced(slots);
    assert_int_equal(state.fate[VG_FATE_SHUTDOWN], 3);
    assert_int_equal(state.held, 0);
    assert_int_equal(state.ready, 1);
    assert_int_equal(state.arrival.us, 4);
    assert_int_equal(vg_slots_arrival_us(reader, FLUX), 4);
    assert_true(state.decoded_at.us > vg_mono_now().us - 60 * VG_US_PER_S &&
                state.decoded_at.us <= vg_mono_now().us); /* by the clock, whatever it was told */
    assert_int_equal(vg_slots_recover_writer(slots), 0);
    /* all places can be written again; numbers go on */
    assert_int_equal(put(slots, 5), VG_OK);
    assert_int_equal(take(reader, &other), 5);
    finish(reader, other, VG_FATE_ANALYSED);
    (void)balanced(slots);
    vg_slots_close(&reader);
    close_small(&slots, fd);
}

/* A reader that is killed takes no count with it, and what it held has a fate. */
static void the_reader_is_recovered(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0;
    struct vg_fault fault;
    struct vg_slots *slots = open_small(&fd), *reader = NULL, *successor = NULL;
    assert_int_equal(vg_slots_open(&reader, fd, &fault), VG_OK);
    vg_slots_expect(reader, FLUX, vg_slots_tag("cam-1"));
    assert_int_equal(put(slots, 0), VG_OK);
    assert_int_equal(take(reader, &slot), 0);
    finish(reader, slot, VG_FATE_ANALYSED);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(put(slots, i), VG_OK);
        (void)take(reader, &slot);
    }
    vg_slots_want(reader, FLUX, 5);
    assert_int_equal(put(slots, 9), VG_E_FULL);
    vg_slots_close(&reader);
    assert_int_equal(vg_slots_open(&successor, fd, &fault), VG_OK);
    assert_int_equal(vg_slots_recover_reader(successor), 4);
    assert_true(vg_slots_wanted_us(slots, FLUX) == VG_SLOTS_NEVER);
    assert_int_equal(balanced(slots).fate[VG_FATE_SHUTDOWN], 4);
    assert_int_equal(balanced(slots).fate[VG_FATE_ANALYSED], 1);
    vg_slots_expect(successor, FLUX, vg_slots_tag("cam-1"));
    assert_int_equal(put(slots, 10), VG_OK);
    assert_int_equal(take(successor, &slot), 6);
    finish(successor, slot, VG_FATE_ANALYSED);
    assert_int_equal(balanced(slots).fate[VG_FATE_ANALYSED], 2);
    vg_slots_close(&successor);
    close_small(&slots, fd);
}

/* Held by the killed reader, but of the flux that had the place before: no fate of this one. */
static void another_fluxs_picture_is_recovered_uncounted(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0;
    struct vg_fault fault;
    struct vg_slots *slots = open_small(&fd), *successor = NULL;
    assert_int_equal(put(slots, 1), VG_OK);
    assert_int_equal(take(slots, &slot), 0);
    vg_slots_assign(slots, FLUX, vg_slots_tag("cam-2"));
    assert_int_equal(vg_slots_open(&successor, fd, &fault), VG_OK);
    assert_int_equal(vg_slots_recover_reader(successor), 1);
    assert_int_equal(balanced(slots).fate[VG_FATE_SHUTDOWN], 0);
    vg_slots_close(&successor);
    close_small(&slots, fd);
}

static void nonsense_is_counted_as_corrupt(void **unused)
{
    (void)unused;
    int fd = -1;
    uint32_t slot = 0;
    struct vg_picture picture;
    struct vg_slots *slots = open_small(&fd);
    assert_int_equal(put(slots, -1), VG_OK); /* no time before 0 */
    assert_int_equal(vg_slots_take_newest(slots, FLUX, &slot, &picture), VG_E_INTEGRITY);
    assert_int_equal(balanced(slots).fate[VG_FATE_CORRUPT], 1);
    assert_int_equal(balanced(slots).held, 0);
    assert_int_equal(vg_slots_recover_writer(slots), 0);
    close_small(&slots, fd);
}

/* Any change of the header is refused, or leaves sizes that the memory holds. */
static void a_hostile_header_is_refused(void **unused)
{
    (void)unused;
    struct vg_fault fault;
    struct stat about;
    struct vg_slots *slots = NULL;
    int fd = -1;
    unsigned refused = 0;
    assert_int_equal(vg_slots_create(&small, &fd, &fault), VG_OK);
    assert_int_equal(fstat(fd, &about), 0);
    for (off_t at = 0; at < 56; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t byte = 0;
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            const uint8_t spoilt = (uint8_t)(byte ^ 1u << bit);
            assert_int_equal(pwrite(fd, &spoilt, 1, at), 1);
            const enum vg_status status = vg_slots_open(&slots, fd, &fault);
            if (status == VG_OK) {
                const struct vg_slots_settings got = vg_slots_geometry(slots);
                assert_true((off_t)got.flux_max * got.slots_per_flux * got.width_max *
                                got.height_max * 3 / 2 <
                            about.st_size);
                vg_slots_close(&slots);
            } else {
                assert_int_equal(status, VG_E_INPUT);
                refused++;
            }
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        }
    assert_true(refused > 400); /* of 448 */
    (void)close(fd);
}

static void memory_that_is_not_ours_is_refused(void **unused)
{
    (void)unused;
    struct vg_fault fault;
    struct vg_slots *slots = NULL;
    int fd = -1;
    char name[] = "/tmp/vigie-slots-XXXXXX";
    uint8_t copy[4096];
    assert_int_equal(vg_slots_create(&small, &fd, &fault), VG_OK);
    assert_int_equal(pread(fd, copy, sizeof copy, 0), (ssize_t)sizeof copy);
    assert_int_equal(ftruncate(fd, 4096), -1); /* sealed: it cannot be pulled away */
    (void)close(fd);
    /* a plain file with the right header could be cut short under the reader */
    fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, copy, sizeof copy, 0), (ssize_t)sizeof copy);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(vg_slots_open(&slots, fd, &fault), VG_E_INPUT);
    assert_null(slots);
    (void)close(fd);
    (void)unlink(name);
    assert_int_equal(vg_slots_open(&slots, -1, &fault), VG_E_INPUT);
}

/* Bytes of the control blocks are spoilt at random while the reader takes: each picture that it
 * is given lies in the memory, within the sizes agreed. */
static void a_hostile_writer_cannot_lead_astray(void **unused)
{
    (void)unused;
    int fd = -1;
    struct vg_random random;
    struct vg_slots *slots = open_small(&fd);
    const size_t from = 4096, to = 4096 + 4096;
    uint8_t *raw = mmap(NULL, to, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(raw != MAP_FAILED);
    vg_random_seed(&random, 20260101);
    unsigned taken = 0;
    for (int round = 0; round < 20000; round++) {
        uint32_t slot = 0;
        struct vg_picture picture;
        const size_t at = from + vg_random_below(&random, (uint32_t)(to - from));
        if (round % 3 == 0)
            (void)vg_slots_recover_reader(slots);
        (void)put(slots, round);
        raw[at] = (uint8_t)vg_random_u32(&random);
        struct vg_slots_state state;
        vg_slots_state(slots, FLUX, &state);
        assert_true(state.arrival.us >= 0 && state.arrival.us <= INT64_MAX / 4);
        if (vg_slots_take_newest(slots, FLUX, &slot, &picture))
            continue;
        taken++;
        assert_true(picture.width <= small.width_max && picture.height <= small.height_max);
        assert_true(picture.luma_stride >= picture.width);
        volatile uint8_t last =
            picture.chroma[(size_t)picture.chroma_stride * (picture.height / 2) - 1];
        (void)last;
        assert_true(picture.media.us >= 0 && picture.arrival.us >= 0);
        vg_slots_give_back(slots, FLUX, slot);
    }
    assert_true(taken > 100);
    (void)munmap(raw, to);
    close_small(&slots, fd);
}

/* ---- two threads ---- */

struct contest {
    struct vg_slots *slots, *reader; /* a mapping each */
    uint64_t seed;
    _Atomic bool done;
    _Atomic uint64_t taken;
    bool good;
};

enum {
    PICTURES = 50000,
    TAKEN_LEAST = 1000 /* on a busy machine the writer goes on until the reader had its share */
};

static void *write_many(void *arg)
{
    struct contest *contest = arg;
    struct vg_random random;
    vg_random_seed(&random, contest->seed);
    const int64_t until_us = vg_mono_now().us + 20 * VG_US_PER_S;
    for (int i = 0; i < PICTURES ||
                    (atomic_load(&contest->taken) < TAKEN_LEAST && vg_mono_now().us < until_us);
         i++) {
        const uint32_t choice = vg_random_below(&random, 16);
        if (choice == 0) {
            struct vg_slots_room room;
            (void)vg_slots_count_decoded(contest->slots, FLUX, (struct vg_mono_time){i});
            if (vg_slots_begin(contest->slots, FLUX, WIDTH, HEIGHT, &room) == VG_OK) {
                vg_slots_abandon(contest->slots, FLUX, &room);
                vg_slots_count(contest->slots, FLUX, VG_FATE_DECODER);
            } else {
                vg_slots_count(contest->slots, FLUX, VG_FATE_POOL);
            }
        } else if (choice == 1) {
            (void)vg_slots_count_decoded(contest->slots, FLUX, (struct vg_mono_time){i});
            vg_slots_count(contest->slots, FLUX, VG_FATE_RATE);
        } else if (choice == 2) {
            vg_slots_withdraw(contest->slots, FLUX, VG_FATE_STOPPED);
        } else {
            (void)put(contest->slots, i);
        }
    }
    atomic_store(&contest->done, true);
    return NULL;
}

static void *read_many(void *arg)
{
    struct contest *contest = arg;
    struct vg_random random;
    struct vg_picture held[4];
    uint32_t slot[4], count = 0;
    uint64_t last = 0;
    vg_random_seed(&random, contest->seed + 1);
    contest->good = true;
    while (contest->good && (!atomic_load(&contest->done) || count > 0)) {
        const bool give = count == 4 || vg_random_below(&random, 2) == 0;
        if (give && count > 0) {
            const uint32_t i = vg_random_below(&random, count);
            contest->good = filled(&held[i]);
            finish(contest->reader, slot[i], last % 3 == 0 ? VG_FATE_STOPPED : VG_FATE_ANALYSED);
            held[i] = held[--count];
            slot[i] = slot[count];
        } else if (count < 4 && !atomic_load(&contest->done) &&
                   vg_slots_take_newest(contest->reader, FLUX, &slot[count], &held[count]) ==
                       VG_OK) {
            contest->good = contest->taken == 0 || held[count].sequence > last;
            last = held[count].sequence;
            atomic_fetch_add(&contest->taken, 1);
            count++;
        }
    }
    return NULL;
}

static void two_threads_lose_and_tear_nothing(void **unused)
{
    (void)unused;
    const char *given = getenv("VIGIE_TEST_SEED");
    struct contest contest = {.seed = given ? strtoull(given, NULL, 10) : 4711};
    pthread_t writer, reader;
    struct vg_fault fault;
    int fd = -1;
    print_message("seed %llu (VIGIE_TEST_SEED)\n", (unsigned long long)contest.seed);
    contest.slots = open_small(&fd);
    assert_int_equal(vg_slots_open(&contest.reader, fd, &fault), VG_OK);
    vg_slots_expect(contest.reader, FLUX, vg_slots_tag("cam-1"));
    assert_int_equal(pthread_create(&reader, NULL, read_many, &contest), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_many, &contest), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_true(contest.good);
    const struct vg_slots_state state = balanced(contest.slots);
    assert_int_equal(state.held, 0);
    print_message("%llu taken\n", (unsigned long long)contest.taken);
    assert_true(contest.taken >= TAKEN_LEAST);
    assert_int_equal(vg_slots_recover_writer(contest.slots), 0);
    assert_int_equal(vg_slots_recover_reader(contest.slots), 0);
    vg_slots_close(&contest.reader);
    close_small(&contest.slots, fd);
}

/* As ingest does: a picture is published only when one is wanted. */
static void *write_wanted(void *arg)
{
    struct contest *contest = arg;
    for (int64_t now = 1; !atomic_load(&contest->done); now++)
        if (vg_slots_wanted_us(contest->slots, FLUX) <= now)
            (void)put(contest->slots, now);
        else
            (void)sched_yield();
    return NULL;
}

/* Who finds its want used up finds the picture, at once: no want is answered by nothing. */
static void a_used_want_means_a_picture(void **unused)
{
    (void)unused;
    struct contest contest = {0};
    pthread_t writer;
    int fd = -1;
    const int64_t until_us = vg_mono_now().us + 5 * VG_US_PER_S;
    contest.slots = open_small(&fd);
    assert_int_equal(pthread_create(&writer, NULL, write_wanted, &contest), 0);
    bool found = true;
    for (int64_t want = 1; want <= 2000 && found && vg_mono_now().us < until_us; want++) {
        uint32_t slot = 0;
        struct vg_picture picture;
        vg_slots_want(contest.slots, FLUX, want);
        while (vg_slots_wanted_us(contest.slots, FLUX) != VG_SLOTS_NEVER &&
               vg_mono_now().us < until_us)
            (void)sched_yield();
        found = vg_slots_take_newest(contest.slots, FLUX, &slot, &picture) == VG_OK;
        if (found) {
            found = filled(&picture);
            finish(contest.slots, slot, VG_FATE_ANALYSED);
        }
    }
    atomic_store(&contest.done, true);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_true(found);
    (void)balanced(contest.slots);
    close_small(&contest.slots, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(a_picture_is_handed_over_whole),
        cmocka_unit_test(the_newest_wins_and_the_rest_is_counted),
        cmocka_unit_test(a_full_pool_is_told),
        cmocka_unit_test(sizes_of_pictures_are_checked),
        cmocka_unit_test(when_a_packet_was_sent_is_told),
        cmocka_unit_test(a_want_is_used_up_once),
        cmocka_unit_test(another_flux_at_the_same_place),
        cmocka_unit_test(a_withdrawn_picture_has_its_fate),
        cmocka_unit_test(the_writer_is_recovered),
        cmocka_unit_test(the_reader_is_recovered),
        cmocka_unit_test(another_fluxs_picture_is_recovered_uncounted),
        cmocka_unit_test(nonsense_is_counted_as_corrupt),
        cmocka_unit_test(a_hostile_header_is_refused),
        cmocka_unit_test(memory_that_is_not_ours_is_refused),
        cmocka_unit_test(a_hostile_writer_cannot_lead_astray),
        cmocka_unit_test(two_threads_lose_and_tear_nothing),
        cmocka_unit_test(a_used_want_means_a_picture),
    };
    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
