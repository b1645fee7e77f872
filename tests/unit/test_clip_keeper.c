/* Clips of alerts from ingest's rings to files beside the pictures: the desk's thread at one end,
 * the keeper's thread and the api's loop at the other. labels: threads waits */
#include "tests/encode_fixture.h"

#include <event2/event.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/clip_keeper.h"
#include "api/mp4_codec.h"
#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/media/media_desk.h"
#include "tests/store_fixture.h"

#define S   VG_US_PER_S
#define FPS 25

struct site {
    struct store_fixture *store;
    struct event_base *base;
    struct vg_media_links *links;
    struct vg_clip_keeper *keeper;
    struct vg_media_desk *desk;
    struct vg_packet_ring *ring;
    struct encoded encoded;
    int pair[2];
    int64_t wall_us; /* of the first picture */
};

static void desk_open(struct site *site)
{
    struct vg_media_desk_settings settings = vg_media_desk_defaults();
    settings.fd = site->pair[1];
    settings.grace_us = S / 10;
    assert_int_equal(vg_media_desk_open(&site->desk, &settings), VG_OK);
    vg_media_desk_set_flux(site->desk, 0, "gate", site->ring, NULL);
}

static void keeper_open(struct site *site)
{
    struct vg_clip_keeper_settings settings = vg_clip_keeper_defaults();
    settings.data = site->store->folder;
    settings.links = site->links;
    settings.before_us = settings.after_us = S;
    settings.give_up_us = 60 * S;
    settings.retry_us = S / 10;
    assert_int_equal(vg_clip_keeper_open(&site->keeper, site->base, &settings, &site->store->fault),
                     VG_OK);
}

static void push(struct site *site, size_t n)
{
    const AVPacket *packet = site->encoded.packet[n];
    const struct vg_ring_push one = {.data = packet,
                                     .arrival = vg_mono_now(),
                                     .wall = {site->wall_us + (int64_t)n * S / FPS},
                                     .media = {(int64_t)n * S / FPS},
                                     .key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
    vg_packet_ring_push(site->ring, &one);
}

/* Eight seconds of video that began ten seconds ago. */
static void site_open(struct site *site, void **state)
{
    static const struct encode_row row = {"libx264", "qp=30", 160, 120, FPS, 25, 0, false};
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    memset(site, 0, sizeof *site);
    site->store = *state;
    encode(&row, 8 * FPS, &site->encoded);
    site->wall_us = vg_wall_now().us / 1000 * 1000 - 10 * S; /* times of alerts: milliseconds */
    site->base = event_base_new();
    assert_non_null(site->base);
    assert_int_equal(vg_packet_ring_open(&site->ring, &settings), VG_OK);
    vg_packet_ring_describe(site->ring, site->encoded.codec, 1, TICKS_PER_S);
    for (size_t n = 0; n < 8 * FPS; n++)
        push(site, n);
    assert_int_equal(vg_wire_pair(site->pair), VG_OK);
    desk_open(site);
    assert_int_equal(vg_media_links_open(&site->links, site->base, &site->pair[0], 1), VG_OK);
}

static void site_close(struct site *site)
{
    vg_clip_keeper_close(&site->keeper);
    vg_media_links_close(&site->links);
    vg_media_desk_close(&site->desk);
    vg_packet_ring_close(&site->ring);
    (void)close(site->pair[0]);
    (void)close(site->pair[1]);
    event_base_free(site->base);
    encoded_free(&site->encoded);
}

static void turn(struct site *site, struct vg_mono_time begin)
{
    const struct timeval soon = {0, 20000};
    assert_true(vg_mono_now().us - begin.us < 20 * S);
    (void)event_base_loopexit(site->base, &soon);
    (void)event_base_loop(site->base, EVLOOP_ONCE);
}

#define UNTIL(site, fact)                                \
    do {                                                 \
        const struct vg_mono_time since = vg_mono_now(); \
        while (!(fact))                                  \
            turn(site, since);                           \
    } while (0)

static uint64_t counted(struct site *site)
{
    const struct vg_clip_keeper_counts counts = vg_clip_keeper_counts(site->keeper);
    uint64_t sum = counts.kept;
    for (int why = 0; why < VG_CLIP_MISSING_COUNT; why++)
        sum += counts.missing[why];
    return sum;
}

/* Once so many alerts are counted: that comes a moment after the row that others see. */
static struct vg_clip_keeper_counts counts_of(struct site *site, uint64_t alerts)
{
    UNTIL(site, counted(site) >= alerts);
    return vg_clip_keeper_counts(site->keeper);
}

/* An alert `at_s` after the first picture. */
static void raise_alert(struct site *site, const char *id, const char *flux, double at_s)
{
    char text[512], time[40];
    enum vg_archive_fate fate;
    vg_wall_format((struct vg_wall_time){site->wall_us + (int64_t)(at_s * (double)S)}, time,
                   sizeof time);
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"%s\",\"key\":\"k-%s\",\"flux\":\"%s\",\"event\":\"crossing\","
                   "\"rule\":\"r1\",\"severity\":\"high\",\"time\":\"%s\","
                   "\"evidence\":{\"picture\":true,\"clip\":false},\"state\":\"new\"}",
                   id, id, flux, time);
    const struct vg_archive_item item = {.alert = text,
                                         .alert_size = strlen(text),
                                         .picture = (const uint8_t *)"jpeg",
                                         .picture_size = 4};
    assert_int_equal(vg_archive_put(site->store->database, &item, 1, &fate, &site->store->fault),
                     VG_OK);
    assert_int_equal(fate, VG_ARCHIVED_NOW);
}

/* evidence of an alert as it is shown: "clip", "due", or why not. */
static const char *evidence(struct site *site, const char *id, uint64_t *change)
{
    struct vg_archive_row *row = NULL;
    assert_int_equal(vg_archive_get(site->store->database, id, &row, &site->store->fault), VG_OK);
    json_t *root = json_loads(row->json, 0, NULL);
    const json_t *told = json_object_get(root, "evidence");
    const char *missing = json_string_value(json_object_get(told, "clip_missing"));
    const char *found = "due";
    if (json_is_true(json_object_get(told, "clip")))
        found = missing ? "both" : "clip";
    else if (missing)
        for (int i = 0; i < VG_CLIP_MISSING_COUNT; i++)
            if (strcmp(missing, vg_clip_missing_name((enum vg_clip_missing)i)) == 0)
                found = vg_clip_missing_name((enum vg_clip_missing)i);
    *change = row->change;
    json_decref(root);
    vg_archive_rows_free(&row, 1);
    return found;
}

static bool is(struct site *site, const char *id, const char *wanted)
{
    uint64_t change;
    return strcmp(evidence(site, id, &change), wanted) == 0;
}

static void a_clip_is_kept(void **state)
{
    struct site site;
    struct mp4_about about;
    struct vg_clip_about clip;
    uint8_t *file = NULL;
    size_t size = 0;
    char codec[5];
    uint64_t before, after;
    site_open(&site, state);
    raise_alert(&site, "01A", "gate", 4);
    assert_string_equal(evidence(&site, "01A", &before), "due");
    keeper_open(&site);
    UNTIL(&site, is(&site, "01A", "clip"));
    (void)evidence(&site, "01A", &after);
    assert_true(after > before); /* clients hear of it */
    assert_int_equal(vg_clip_find(site.store->database, "01A", &clip, &site.store->fault), VG_OK);
    assert_int_equal(vg_file_read(clip.path, VG_CLIP_BYTES_MAX, &file, &size, &site.store->fault),
                     VG_OK);
    look_at_mp4(file, size, &about);
    assert_int_equal(about.pictures, 51); /* 3 to 5 s, both included; a key each second */
    assert_int_equal(vg_mp4_codec(file, size, codec), VG_OK);
    assert_string_equal(codec, "avc1");
    vg_free(file);
    const struct vg_clip_keeper_counts counts = counts_of(&site, 1);
    assert_int_equal(counts.kept, 1);
    assert_int_equal(counts.bytes, size);
    assert_int_equal(vg_media_links_counts(site.links).open, 0);
    /* who looks at the threads sees them come back */
    const int64_t since_us = atomic_load(&vg_clip_keeper_beat(site.keeper)->busy_since_us);
    UNTIL(&site, atomic_load(&vg_clip_keeper_beat(site.keeper)->busy_since_us) != since_us);
    UNTIL(&site, vg_beat_idle(vg_media_desk_beat(site.desk)));
    site_close(&site);
}

/* The five seconds after an alert are yet to come when it is archived. */
static void what_comes_is_waited_for(void **state)
{
    struct site site;
    site_open(&site, state);
    keeper_open(&site);
    site.wall_us = vg_wall_now().us - (8 * FPS - 1) * S / FPS; /* the last picture is of now */
    vg_packet_ring_close(&site.ring);
    vg_media_desk_close(&site.desk);
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    assert_int_equal(vg_packet_ring_open(&site.ring, &settings), VG_OK);
    vg_packet_ring_describe(site.ring, site.encoded.codec, 1, TICKS_PER_S);
    desk_open(&site);
    for (size_t n = 0; n < 7 * FPS; n++)
        push(&site, n);
    raise_alert(&site, "01A", "gate", 7);
    vg_clip_keeper_look(site.keeper);
    UNTIL(&site, vg_media_desk_counts(site.desk).open == 1);
    assert_true(is(&site, "01A", "due"));
    UNTIL(&site, is(&site, "01A", "clip")); /* after a second: no more pictures come */
    site_close(&site);
}

static void there_is_none(void **state)
{
    struct site site;
    site_open(&site, state);
    raise_alert(&site, "01LATE", "gate", -4000); /* an hour ago: the api was down */
    raise_alert(&site, "01GONE", "gate", -20);   /* no more in the ring */
    raise_alert(&site, "01GOOD", "gate", 4);
    keeper_open(&site);
    UNTIL(&site, is(&site, "01LATE", "too_late") && is(&site, "01GONE", "not_kept") &&
                     is(&site, "01GOOD", "clip"));
    const struct vg_clip_keeper_counts counts = counts_of(&site, 3);
    assert_int_equal(counts.missing[VG_CLIP_TOO_LATE], 1);
    assert_int_equal(counts.missing[VG_CLIP_NOT_KEPT], 1);
    assert_int_equal(counts.asked, 2);
    site_close(&site);
}

static void nobody_has_the_flux(void **state)
{
    struct site site;
    struct vg_clip_keeper_settings settings = vg_clip_keeper_defaults();
    site_open(&site, state);
    raise_alert(&site, "01A", "nowhere", 9);
    settings.data = site.store->folder;
    settings.links = site.links;
    settings.give_up_us = 3 * S;
    settings.retry_us = S / 10;
    assert_int_equal(vg_clip_keeper_open(&site.keeper, site.base, &settings, &site.store->fault),
                     VG_OK);
    UNTIL(&site, is(&site, "01A", "unreachable"));
    const struct vg_clip_keeper_counts counts = counts_of(&site, 1);
    assert_true(counts.asked > 1);
    assert_int_equal(counts.missing[VG_CLIP_UNREACHABLE], 1);
    site_close(&site);
}

/* An ingest that ends while it is asked is asked again when it is back. */
static void ingest_restarts(void **state)
{
    struct site site;
    site_open(&site, state);
    raise_alert(&site, "01A", "gate", 9.5); /* 1 s after it is yet to come */
    keeper_open(&site);
    UNTIL(&site, vg_media_desk_counts(site.desk).open == 1);
    vg_media_desk_close(&site.desk);
    desk_open(&site);
    UNTIL(&site, !is(&site, "01A", "due"));
    assert_true(is(&site, "01A", "not_kept")); /* its pictures ended at 8 s */
    raise_alert(&site, "01B", "gate", 7);
    vg_clip_keeper_look(site.keeper);
    UNTIL(&site, is(&site, "01B", "clip"));
    assert_true(vg_clip_keeper_counts(site.keeper).asked >= 3);
    site_close(&site);
}

/* More than are asked for at once: all in turn, and the bytes of a few at a time. */
static void many_at_once(void **state)
{
    enum {
        ALERTS = VG_CLIPS_ASKED + 20
    };
    struct site site;
    site_open(&site, state);
    for (int i = 0; i < ALERTS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "01A%03d", i);
        raise_alert(&site, id, "gate", 2 + 0.01 * i);
    }
    keeper_open(&site);
    UNTIL(&site, vg_clip_keeper_counts(site.keeper).kept == ALERTS);
    assert_int_equal(vg_clip_keeper_counts(site.keeper).asked, ALERTS);
    assert_true(is(&site, "01A000", "clip") && is(&site, "01A083", "clip"));
    site_close(&site);
}

/* A file whose row was not written before the end is found again; one that cannot be written is
 * given up, and alerts go on. */
static void disk(void **state)
{
    struct site site;
    struct vg_clip_about clip;
    char month[700], aside[720];
    site_open(&site, state);
    raise_alert(&site, "01A", "gate", 3);
    raise_alert(&site, "01B", "gate", 4);
    assert_int_equal(vg_clip_put(site.store->database, "01A", "clip", 4, &site.store->fault),
                     VG_OK);
    assert_int_equal(vg_clip_find(site.store->database, "01A", &clip, &site.store->fault), VG_OK);
    (void)snprintf(month, sizeof month, "%s", clip.path);
    *strrchr(month, '/') = '\0';
    (void)snprintf(aside, sizeof aside, "%s.aside", month);
    assert_int_equal(rename(month, aside), 0);
    FILE *in_the_way = fopen(month, "w"); /* a file where the folder should be */
    assert_non_null(in_the_way);
    (void)fclose(in_the_way);
    keeper_open(&site);
    UNTIL(&site, is(&site, "01B", "not_written"));
    assert_int_equal(unlink(month), 0);
    assert_int_equal(rename(aside, month), 0);
    raise_alert(&site, "01C", "gate", 5);
    vg_clip_keeper_look(site.keeper);
    UNTIL(&site, is(&site, "01C", "clip"));
    vg_clip_keeper_close(&site.keeper);

    raise_alert(&site, "01D", "gate", 5); /* killed between file and row */
    char path[800];
    (void)snprintf(path, sizeof path, "%s/01D.mp4", month);
    FILE *orphan = fopen(path, "w");
    assert_non_null(orphan);
    (void)fclose(orphan);
    keeper_open(&site);
    UNTIL(&site, is(&site, "01D", "clip"));
    assert_int_equal(vg_clip_keeper_counts(site.keeper).asked, 0);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_clip_is_kept, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(what_comes_is_waited_for, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(there_is_none, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(nobody_has_the_flux, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(ingest_restarts, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(many_at_once, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(disk, store_set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
