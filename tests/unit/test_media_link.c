/* Clips and live viewers from ingest to api and over the end of either: the desk's thread at one end
 * of a socket pair, the api's loop at the other. labels: threads */
#include "tests/encode_fixture.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/media_link.h"
#include "src/base/alloc.h"
#include "src/media/media_desk.h"

#define S        VG_US_PER_S
#define FPS      25
#define FILE_MAX (1u << 20)

/* What came of one request. */
struct heard {
    struct vg_media_asker asker;
    struct vg_media_links *links;
    uint32_t request;
    bool grants; /* as much as comes */
    bool taken, over;
    enum vg_status status;
    struct vg_wire_about about;
    uint8_t *file;
    size_t size, unit_at;
    uint32_t inits, units, pictures;
    bool first_is_key;
    char codec[VG_WIRE_CODEC_BYTES];
};

static void on_about(struct vg_media_asker *asker, const struct vg_wire_about *about)
{
    struct heard *heard = (struct heard *)(void *)asker;
    assert_false(heard->taken || heard->over);
    heard->taken = true;
    heard->about = *about;
}

static void on_piece(struct vg_media_asker *asker, const struct vg_media_piece *piece)
{
    struct heard *heard = (struct heard *)(void *)asker;
    assert_true(heard->taken && !heard->over);
    if ((piece->flags & VG_WIRE_BEGIN) != 0) {
        heard->unit_at = 0;
        if (piece->codec)
            memcpy(heard->codec, piece->codec, strlen(piece->codec) + 1);
        if (heard->inits == 1 && heard->units == 0)
            heard->first_is_key = (piece->flags & VG_WIRE_KEY) != 0;
    }
    assert_true(heard->size + piece->size <= FILE_MAX);
    memcpy(heard->file + heard->size, piece->data, piece->size);
    heard->size += piece->size;
    heard->unit_at += piece->size;
    if (heard->grants)
        vg_media_links_more(heard->links, heard->request, piece->size);
    if ((piece->flags & VG_WIRE_LAST) == 0)
        return;
    assert_int_equal(heard->unit_at, piece->unit);
    heard->inits += (piece->flags & VG_WIRE_INIT) != 0;
    heard->pictures += (piece->flags & VG_WIRE_JPEG) != 0;
    heard->units += (piece->flags & VG_WIRE_INIT) == 0;
}

static void on_ended(struct vg_media_asker *asker, enum vg_status status)
{
    struct heard *heard = (struct heard *)(void *)asker;
    assert_false(heard->over);
    heard->over = true;
    heard->status = status;
}

static void heard_open(struct heard *heard, struct vg_media_links *links)
{
    memset(heard, 0, sizeof *heard);
    heard->asker = (struct vg_media_asker){on_about, on_piece, on_ended};
    heard->links = links;
    heard->grants = true;
    heard->file = vg_alloc(FILE_MAX);
    assert_non_null(heard->file);
}

static void heard_close(struct heard *heard)
{
    vg_free(heard->file);
}

/* ---- a small server: two ingests, a flux in each ---- */

struct site {
    struct event_base *base;
    struct vg_media_links *links;
    int pair[2][2]; /* 0: api, 1: ingest */
    struct vg_media_desk *desk[2];
    struct vg_packet_ring *ring[2];
    struct encoded encoded;
    int64_t wall_us; /* of the first picture */
};

static const char *const flux_of[2] = {"gate", "platform"};

static void desk_open(struct site *site, int i)
{
    struct vg_media_desk_settings settings = vg_media_desk_defaults();
    settings.fd = site->pair[i][1];
    assert_int_equal(vg_media_desk_open(&site->desk[i], &settings), VG_OK);
    vg_media_desk_set_flux(site->desk[i], 3, flux_of[i], site->ring[i], NULL);
}

static void links_open(struct site *site)
{
    const int fds[2] = {site->pair[0][0], site->pair[1][0]};
    assert_int_equal(vg_media_links_open(&site->links, site->base, fds, 2), VG_OK);
}

static void push(struct site *site, int i, size_t n)
{
    const AVPacket *packet = site->encoded.packet[n];
    const struct vg_ring_push one = {.data = packet,
                                     .arrival = vg_mono_now(),
                                     .wall = {site->wall_us + (int64_t)n * S / FPS},
                                     .media = {(int64_t)n * S / FPS},
                                     .key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
    vg_packet_ring_push(site->ring[i], &one);
}

static void site_open(struct site *site)
{
    static const struct encode_row row = {"libx264", "qp=30", 160, 120, FPS, 25, 0, false};
    struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    settings.keep_us = settings.held_us; /* the whole clip at once */
    memset(site, 0, sizeof *site);
    encode(&row, 8 * FPS, &site->encoded);
    site->wall_us = vg_wall_now().us - 30 * S;
    site->base = event_base_new();
    assert_non_null(site->base);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vg_packet_ring_open(&site->ring[i], &settings), VG_OK);
        vg_packet_ring_describe(site->ring[i], site->encoded.codec, 1, TICKS_PER_S);
        assert_int_equal(vg_wire_pair(site->pair[i]), VG_OK);
        desk_open(site, i);
    }
    links_open(site);
}

static void site_close(struct site *site)
{
    vg_media_links_close(&site->links);
    for (int i = 0; i < 2; i++) {
        vg_media_desk_close(&site->desk[i]);
        vg_packet_ring_close(&site->ring[i]);
        (void)close(site->pair[i][0]);
        (void)close(site->pair[i][1]);
    }
    event_base_free(site->base);
    encoded_free(&site->encoded);
}

/* Runs the loop once, at most 20 ms; fails the test 10 s after `begin`. */
static void turn(struct site *site, struct vg_mono_time begin)
{
    const struct timeval soon = {0, 20000};
    assert_true(vg_mono_now().us - begin.us < 60 * S);
    (void)event_base_loopexit(site->base, &soon);
    (void)event_base_loop(site->base, EVLOOP_ONCE);
}

#define UNTIL(site, fact)                                \
    do {                                                 \
        const struct vg_mono_time since = vg_mono_now(); \
        while (!(fact))                                  \
            turn(site, since);                           \
    } while (0)

static void ask_clip(struct site *site, struct heard *heard, const char *flux, double from_s,
                     double to_s, uint32_t window)
{
    struct vg_wire_clip clip = {.from_us = site->wall_us + (int64_t)(from_s * (double)S),
                                .to_us = site->wall_us + (int64_t)(to_s * (double)S),
                                .window = window};
    (void)snprintf(clip.flux, sizeof clip.flux, "%s", flux);
    heard_open(heard, site->links);
    assert_int_equal(vg_media_links_clip(site->links, &clip, &heard->asker, &heard->request),
                     VG_OK);
}

static void ask_live(struct site *site, struct heard *heard, const char *flux, uint32_t window)
{
    struct vg_wire_live live = {.plays = 1, .window = window};
    (void)snprintf(live.flux, sizeof live.flux, "%s", flux);
    heard_open(heard, site->links);
    assert_int_equal(vg_media_links_live(site->links, &live, &heard->asker, &heard->request),
                     VG_OK);
}

/* ---- clips ---- */

static void clips(void **state)
{
    (void)state;
    struct site site;
    struct heard heard;
    struct mp4_about about;
    site_open(&site);
    for (size_t n = 0; n < 8 * FPS; n++) {
        push(&site, 0, n);
        push(&site, 1, n);
    }
    for (int i = 0; i < 2; i++) { /* of either ingest, through a narrow window */
        ask_clip(&site, &heard, flux_of[i], 2.5, 6.0, 20000);
        UNTIL(&site, heard.over);
        assert_int_equal(heard.status, VG_OK);
        assert_int_equal(heard.about.pictures, 101);
        assert_false(heard.about.cut_short);
        assert_int_equal(heard.about.from_us, site.wall_us + 2 * S);
        assert_int_equal(heard.size, heard.about.size);
        assert_true(heard.size > 100000);
        look_at_mp4(heard.file, heard.size, &about);
        assert_int_equal(about.pictures, 101);
        heard_close(&heard);
    }
    ask_clip(&site, &heard, "nowhere", 2, 3, 1 << 20);
    UNTIL(&site, heard.over);
    assert_int_equal(heard.status, VG_E_MISSING);
    heard_close(&heard);
    ask_clip(&site, &heard, "gate", -20, -10, 1 << 20);
    UNTIL(&site, heard.over);
    assert_int_equal(heard.status, VG_E_END);
    heard_close(&heard);
    assert_int_equal(vg_media_links_counts(site.links).open, 0);
    site_close(&site);
}

/* 5 s after an alert are yet to come when its clip is asked for. */
static void clip_of_what_comes(void **state)
{
    (void)state;
    struct site site;
    struct heard heard;
    site_open(&site);
    site.wall_us = vg_wall_now().us - 2 * S; /* 2 s are there, of 6 */
    for (size_t n = 0; n < 50; n++)
        push(&site, 0, n);
    ask_clip(&site, &heard, "gate", 1, 6, 1 << 20);
    UNTIL(&site, vg_media_desk_counts(site.desk[0]).open == 1);
    const struct vg_mono_time begin = vg_mono_now();
    while (vg_mono_now().us - begin.us < S / 4) {
        turn(&site, begin);
        assert_false(heard.taken || heard.over);
    }
    for (size_t n = 50; n < 155; n++)
        push(&site, 0, n);
    UNTIL(&site, heard.over);
    assert_int_equal(heard.status, VG_OK);
    assert_int_equal(heard.about.pictures, 126);
    heard_close(&heard);
    site_close(&site);
}

/* ---- live ---- */

static void live_viewers(void **state)
{
    (void)state;
    struct site site;
    struct heard quick, stuck, other;
    struct mp4_about about;
    site_open(&site);
    push(&site, 0, 0);
    push(&site, 1, 0);
    ask_live(&site, &quick, "gate", 1 << 20);
    ask_live(&site, &stuck, "gate", 30000);
    ask_live(&site, &other, "platform", 1 << 20);
    stuck.grants = false;
    UNTIL(&site, quick.units == 1 && stuck.units == 1 && other.units == 1);
    assert_memory_equal(quick.codec, "avc1.", 5);
    for (uint32_t n = 1; n < 100; n++) {
        push(&site, 0, n);
        push(&site, 1, n);
        UNTIL(&site, quick.units == n + 1 && other.units == n + 1);
    }
    assert_true(quick.first_is_key && other.first_is_key);
    look_at_mp4(quick.file, quick.size, &about);
    assert_int_equal(about.pictures, 100);
    assert_true(stuck.size < quick.size / 2); /* its window, and not much more */
    assert_true(stuck.size <= 30000 + VG_WIRE_DATA_MAX);
    vg_media_links_stop(site.links, stuck.request);
    vg_media_links_stop(site.links, other.request);
    vg_media_links_stop(site.links, quick.request);
    vg_media_links_stop(site.links, quick.request); /* again: nothing */
    UNTIL(&site, vg_media_desk_counts(site.desk[0]).open == 0 &&
                     vg_media_desk_counts(site.desk[1]).open == 0);
    assert_int_equal(vg_media_links_counts(site.links).open, 0);
    assert_false(quick.over || stuck.over || other.over);
    const struct vg_media_desk_counts counts = vg_media_desk_counts(site.desk[0]);
    assert_int_equal(counts.requests, counts.ended);
    heard_close(&quick);
    heard_close(&stuck);
    heard_close(&other);
    site_close(&site);
}

static void flux_changes(void **state)
{
    (void)state;
    struct site site;
    struct heard live;
    site_open(&site);
    push(&site, 0, 0);
    ask_live(&site, &live, "gate", 1 << 20);
    UNTIL(&site, live.units == 1);
    vg_media_desk_set_flux(site.desk[0], 3, "gate", site.ring[0], NULL); /* nothing new */
    push(&site, 0, 1);
    UNTIL(&site, live.units == 2);
    vg_media_desk_set_flux(site.desk[0], 3, "yard", site.ring[0], NULL);
    UNTIL(&site, live.over);
    assert_int_equal(live.status, VG_E_CLOSED);
    heard_close(&live);
    site_close(&site);
}

/* The same flux out of another ring: who followed the first one asks anew. */
static void ring_changes(void **state)
{
    (void)state;
    struct site site;
    struct heard live, again;
    struct vg_packet_ring *other = NULL;
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    site_open(&site);
    push(&site, 0, 0);
    ask_live(&site, &live, "gate", 1 << 20);
    UNTIL(&site, live.units == 1);
    assert_int_equal(vg_packet_ring_open(&other, &settings), VG_OK);
    vg_packet_ring_describe(other, site.encoded.codec, 1, TICKS_PER_S);
    vg_media_desk_set_flux(site.desk[0], 3, "gate", other, NULL);
    UNTIL(&site, live.over);
    assert_int_equal(live.status, VG_E_CLOSED);
    struct vg_packet_ring *first = site.ring[0];
    site.ring[0] = other;
    push(&site, 0, 0);
    site.ring[0] = first;
    ask_live(&site, &again, "gate", 1 << 20);
    UNTIL(&site, again.units == 1);
    heard_close(&live);
    heard_close(&again);
    site_close(&site);
    vg_packet_ring_close(&other);
}

/* ---- one side ends ---- */

static void ingest_restarts(void **state)
{
    (void)state;
    struct site site;
    struct heard live, clip;
    site_open(&site);
    push(&site, 0, 0);
    ask_live(&site, &live, "gate", 1 << 20);
    ask_clip(&site, &clip, "gate", 0, 1000, 1 << 20); /* waits */
    UNTIL(&site, live.units == 1 && vg_media_desk_counts(site.desk[0]).open == 2);
    vg_media_desk_close(&site.desk[0]);
    desk_open(&site, 0);
    UNTIL(&site, live.over && clip.over);
    assert_int_equal(live.status, VG_E_CLOSED);
    assert_int_equal(clip.status, VG_E_CLOSED);
    heard_close(&live);
    heard_close(&clip);
    ask_live(&site, &live, "gate", 1 << 20);
    UNTIL(&site, live.units == 1);
    heard_close(&live);
    site_close(&site);
}

static void api_restarts(void **state)
{
    (void)state;
    struct site site;
    struct heard former, live;
    site_open(&site);
    push(&site, 0, 0);
    ask_live(&site, &former, "gate", VG_WIRE_WINDOW_MAX);
    UNTIL(&site, former.units == 1);
    vg_media_links_close(&site.links); /* and nobody reads: the socket fills with fragments */
    for (size_t n = 1; n < 8 * FPS; n++)
        push(&site, 0, n);
    assert_int_equal(vg_media_desk_counts(site.desk[0]).open, 1);
    links_open(&site);
    ask_live(&site, &live, "gate", 1 << 20); /* the same number as the former one's */
    assert_int_equal(live.request, former.request);
    UNTIL(&site, live.units >= 1);
    assert_true(live.first_is_key);
    assert_int_equal(former.units, 1);
    assert_int_equal(vg_media_desk_counts(site.desk[0]).open, 1);
    heard_close(&former);
    heard_close(&live);
    site_close(&site);
}

/* The other end is closed for good: the supervisor has ended. */
static void pair_closed(void **state)
{
    (void)state;
    struct site site;
    struct heard live;
    site_open(&site);
    push(&site, 0, 0);
    ask_live(&site, &live, "gate", 1 << 20);
    UNTIL(&site, live.units == 1);
    (void)shutdown(site.pair[0][1], SHUT_RDWR);
    UNTIL(&site, live.over);
    assert_int_equal(live.status, VG_E_CLOSED);
    heard_close(&live);
    ask_live(&site, &live, "platform", 1 << 20); /* the others go on */
    push(&site, 1, 0);
    UNTIL(&site, live.units == 1);
    heard_close(&live);
    site_close(&site);
}

/* Nonsense is dropped and counted, and more requests than there are places refused. */
static void strangers(void **state)
{
    (void)state;
    struct site site;
    struct heard live;
    uint8_t data[VG_WIRE_FRAME_MAX + 64] = {0};
    site_open(&site);
    push(&site, 0, 0);
    ask_live(&site, &live, "gate", 1 << 20);
    UNTIL(&site, live.units == 1);
    static const size_t sizes[] = {1, 31, 32, 1000, sizeof data};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(send(site.pair[0][0], data, sizes[i], 0), (ssize_t)sizes[i]);
        assert_int_equal(send(site.pair[0][1], data, sizes[i], 0), (ssize_t)sizes[i]);
    }
    push(&site, 0, 1);
    UNTIL(&site, live.units == 2 && vg_media_desk_counts(site.desk[0]).strange == 5 &&
                     vg_media_links_counts(site.links).strange == 5);
    heard_close(&live);
    site_close(&site);
}

static void too_many(void **state)
{
    (void)state;
    static struct heard heard[VG_MEDIA_DESK_REQUESTS + 10];
    struct site site;
    size_t open = 0, refused = 0;
    site_open(&site);
    push(&site, 0, 0);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
        ask_live(&site, &heard[i], "gate", 1 << 20);
    const struct vg_mono_time begin = vg_mono_now();
    while (open + refused < sizeof heard / sizeof *heard) {
        turn(&site, begin);
        open = refused = 0;
        for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
            if (heard[i].over && heard[i].status == VG_E_TIMEOUT) { /* the machine was away */
                heard_close(&heard[i]);
                ask_live(&site, &heard[i], "gate", 1 << 20);
            }
            open += heard[i].units > 0;
            refused += heard[i].over;
            assert_true(!heard[i].over || heard[i].status == VG_E_FULL);
        }
    }
    assert_int_equal(open, VG_MEDIA_DESK_REQUESTS);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
        heard_close(&heard[i]);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clips),        cmocka_unit_test(clip_of_what_comes),
        cmocka_unit_test(live_viewers), cmocka_unit_test(flux_changes),
        cmocka_unit_test(ring_changes), cmocka_unit_test(ingest_restarts),
        cmocka_unit_test(api_restarts), cmocka_unit_test(pair_closed),
        cmocka_unit_test(strangers),    cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
