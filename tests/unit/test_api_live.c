/* Live pictures of many flux through a whole api process: framing, states, bounds, rights; and a
 * client that does not read. The desk's thread stands for ingest. labels: threads waits */
#include "tests/encode_fixture.h"

#include "src/base/alloc.h"
#include "src/media/media_desk.h"
#include "src/store/audit.h"
#include "src/store/sql.h"
#include "tests/unit/api_client.h"

#include "api/live_stream.h"

#define V1  "/api/v1"
#define S   VG_US_PER_S
#define FPS 25

static const char *const flux_of[] = {"cam-1", "cam-2"};
enum {
    FLUX = 2,
    UNITS_MAX = 4 << 20
};

struct site {
    struct server server;
    struct client op;
    int pair[2];
    struct vg_media_desk *desk;
    struct vg_packet_ring *ring[FLUX];
    struct encoded encoded;
    size_t pushed;
};

static void desk_open(struct site *site)
{
    struct vg_media_desk_settings settings = vg_media_desk_defaults();
    settings.fd = site->pair[1];
    assert_int_equal(vg_media_desk_open(&site->desk, &settings), VG_OK);
    for (uint32_t i = 0; i < FLUX; i++)
        vg_media_desk_set_flux(site->desk, i, flux_of[i], site->ring[i], NULL);
}

/* The next picture of every flux, as if it were of now: the clip again and again. */
static void push(struct site *site)
{
    const size_t n = site->pushed++;
    const AVPacket *packet = site->encoded.packet[n % site->encoded.count];
    AVPacket *one = av_packet_clone(packet);
    assert_non_null(one);
    one->pts = (int64_t)n * TICKS_PER_S / FPS;
    const struct vg_ring_push now = {.data = one,
                                     .arrival = vg_mono_now(),
                                     .wall = vg_wall_now(),
                                     .media = {(int64_t)n * S / FPS},
                                     .key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
    for (int i = 0; i < FLUX; i++)
        vg_packet_ring_push(site->ring[i], &now);
    av_packet_free(&one);
}

static int start(void **out)
{
    /* noise at a high quality makes large pictures: some hundred KB a second */
    static const struct encode_row row = {"libx264", "qp=12", 320, 240, FPS, 25, 0, false};
    const struct vg_packet_ring_settings settings = vg_packet_ring_defaults();
    struct vg_database *database = NULL;
    struct vg_flux_config flux;
    struct vg_fault fault = {0};
    struct site *s = calloc(1, sizeof *s);
    *out = s;
    encode(&row, 4 * FPS, &s->encoded);
    server_prepare(&s->server);
    assert_int_equal(vg_database_open(&database, s->server.data, VG_DATABASE_EXISTING, &fault),
                     VG_OK);
    vg_flux_defaults(&flux, "cam-2");
    (void)snprintf(flux.url, sizeof flux.url, "file:/tmp/clip.avi");
    assert_int_equal(vg_config_flux_put(database, NULL, &flux, NULL, VG_VERSION_NEW, &fault),
                     VG_OK);
    vg_database_close(&database);
    assert_int_equal(vg_wire_pair(s->pair), VG_OK);
    for (int i = 0; i < FLUX; i++) {
        assert_int_equal(vg_packet_ring_open(&s->ring[i], &settings), VG_OK);
        vg_packet_ring_describe(s->ring[i], s->encoded.codec, 1, TICKS_PER_S);
    }
    desk_open(s);
    s->server.media_fds = &s->pair[0];
    s->server.media_count = 1;
    server_start(&s->server);
    client_open(&s->op, s->server.port);
    client_sign_in(&s->op, "op");
    return 0;
}

static int stop(void **out)
{
    struct site *s = *out;
    client_close(&s->op);
    server_stop(&s->server);
    server_remove(&s->server);
    vg_media_desk_close(&s->desk);
    for (int i = 0; i < FLUX; i++)
        vg_packet_ring_close(&s->ring[i]);
    (void)close(s->pair[0]);
    (void)close(s->pair[1]);
    encoded_free(&s->encoded);
    free(s);
    return 0;
}

/* ---- a client ---- */

struct viewer {
    SSL *ssl;
    char raw[1 << 16]; /* of chunks, not yet taken apart */
    size_t raw_size;
    uint8_t bytes[1 << 20]; /* of the answer's body, not yet taken */
    size_t size;
    bool headed, over;
    int code;
    struct {
        uint32_t inits, units, keys;
        char codec[VG_LIVE_CODEC_BYTES], state[16], reason[16];
        size_t unit, unit_at;
        bool first_is_key;
        uint8_t *file;
        size_t file_size;
    } flux[FLUX];
    uint32_t alive;
};

static struct viewer *watch(struct client *client, const char *query)
{
    struct viewer *v = calloc(1, sizeof *v);
    char head[512];
    assert_non_null(v);
    const int n =
        snprintf(head, sizeof head, "GET " V1 "/live?%s HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n\r\n",
                 query, client->cookie);
    for (int i = 0; i < FLUX; i++)
        v->flux[i].file = malloc(UNITS_MAX);
    v->ssl = client_dial(client);
    client_send(v->ssl, head, (size_t)n);
    return v;
}

static void leave(struct viewer *v)
{
    client_hang_up(v->ssl);
    for (int i = 0; i < FLUX; i++)
        free(v->flux[i].file);
    free(v);
}

static void take_state(struct viewer *v, size_t flux, const uint8_t *data, size_t size)
{
    json_t *state = json_loadb((const char *)data, size, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(state, "flux")), flux_of[flux]);
    (void)snprintf(v->flux[flux].state, sizeof v->flux[flux].state, "%s",
                   json_string_value(json_object_get(state, "state")));
    (void)snprintf(v->flux[flux].reason, sizeof v->flux[flux].reason, "%s",
                   json_string_value(json_object_get(state, "reason")));
    json_decref(state);
}

static uint64_t little(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static void take_frame(struct viewer *v, const uint8_t *head, const uint8_t *data, size_t size)
{
    const unsigned type = head[4], flags = head[5];
    const size_t flux = (size_t)little(head + 6, 2), unit = (size_t)little(head + 8, 4);
    assert_int_equal(little(head + 12, 4), 0);
    if (type == VG_LIVE_FRAME_ALIVE) {
        v->alive++;
        return;
    }
    assert_true(flux < FLUX);
    if (type == VG_LIVE_FRAME_STATE) {
        take_state(v, flux, data, size);
        return;
    }
    assert_true(type == VG_LIVE_FRAME_INIT || type == VG_LIVE_FRAME_FRAGMENT);
    if ((flags & VG_LIVE_FRAME_BEGIN) != 0) {
        v->flux[flux].unit = unit;
        v->flux[flux].unit_at = 0;
        if (type == VG_LIVE_FRAME_INIT) {
            memcpy(v->flux[flux].codec, data, VG_LIVE_CODEC_BYTES);
            data += VG_LIVE_CODEC_BYTES;
            size -= VG_LIVE_CODEC_BYTES;
            v->flux[flux].unit_at = VG_LIVE_CODEC_BYTES;
            v->flux[flux].file_size = 0;
        } else if (v->flux[flux].units == 0) {
            v->flux[flux].first_is_key = (flags & VG_LIVE_FRAME_KEY) != 0;
        }
    }
    if (v->flux[flux].file_size + size <= UNITS_MAX) {
        memcpy(v->flux[flux].file + v->flux[flux].file_size, data, size);
        v->flux[flux].file_size += size;
    }
    v->flux[flux].unit_at += size;
    if ((flags & VG_LIVE_FRAME_LAST) == 0)
        return;
    assert_int_equal(v->flux[flux].unit_at, unit);
    v->flux[flux].inits += type == VG_LIVE_FRAME_INIT;
    v->flux[flux].units += type == VG_LIVE_FRAME_FRAGMENT;
    v->flux[flux].keys += type == VG_LIVE_FRAME_FRAGMENT && (flags & VG_LIVE_FRAME_KEY) != 0;
}

static void take_frames(struct viewer *v)
{
    size_t at = 0;
    while (v->size - at >= VG_LIVE_HEAD_BYTES) {
        const size_t size = (size_t)little(v->bytes + at, 4);
        if (v->size - at < VG_LIVE_HEAD_BYTES + size)
            break;
        take_frame(v, v->bytes + at, v->bytes + at + VG_LIVE_HEAD_BYTES, size);
        at += VG_LIVE_HEAD_BYTES + size;
    }
    memmove(v->bytes, v->bytes + at, v->size - at);
    v->size -= at;
}

/* Takes whole chunks out of what was read; false: there is none. */
static bool take_chunk(struct viewer *v)
{
    char *end = NULL;
    v->raw[v->raw_size] = '\0';
    char *line = strstr(v->raw, "\r\n");
    if (!line)
        return false;
    const size_t size = strtoul(v->raw, &end, 16), before = (size_t)(line - v->raw) + 2;
    if (v->raw_size < before + size + 2)
        return false;
    v->over = v->over || size == 0;
    assert_true(v->size + size <= sizeof v->bytes);
    memcpy(v->bytes + v->size, v->raw + before, size);
    v->size += size;
    v->raw_size -= before + size + 2;
    memmove(v->raw, v->raw + before + size + 2, v->raw_size);
    return true;
}

static void take_head(struct viewer *v)
{
    v->raw[v->raw_size] = '\0';
    char *end = strstr(v->raw, "\r\n\r\n");
    if (!end)
        return;
    v->code = (int)strtol(v->raw + 9, NULL, 10);
    v->headed = true;
    v->raw_size -= (size_t)(end + 4 - v->raw);
    memmove(v->raw, end + 4, v->raw_size);
}

/* Reads what is there, at most 20 ms. */
static void read_some(struct viewer *v)
{
    struct pollfd fd = {.fd = SSL_get_fd(v->ssl), .events = POLLIN};
    if (v->over || (SSL_pending(v->ssl) == 0 && poll(&fd, 1, 20) <= 0))
        return;
    const int n = SSL_read(v->ssl, v->raw + v->raw_size, (int)(sizeof v->raw - 1 - v->raw_size));
    if (n <= 0) {
        v->over = true;
        return;
    }
    v->raw_size += (size_t)n;
    if (!v->headed)
        take_head(v);
    if (!v->headed || v->code != 200)
        return;
    while (take_chunk(v))
        take_frames(v);
}

#define UNTIL(v, fact)                                         \
    do {                                                       \
        const struct vg_mono_time since = vg_mono_now();       \
        while (!(fact)) {                                      \
            assert_true(vg_mono_now().us - since.us < 10 * S); \
            read_some(v);                                      \
        }                                                      \
    } while (0)

/* A figure of /metrics. */
static uint64_t metric(struct site *site, const char *name)
{
    char line[96];
    struct answer answer = client_call(&site->op, "GET", "/metrics", NULL, NULL);
    (void)snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(answer.body, line);
    assert_non_null(at);
    const uint64_t value = strtoull(at + strlen(line), NULL, 10);
    answer_free(&answer);
    return value;
}

/* ---- tests ---- */

static void two_in_one(void **state)
{
    struct site *s = *state;
    struct mp4_about about;
    struct viewer *v = watch(&s->op, "flux=cam-1,cam-2");
    UNTIL(v, v->alive >= 1);
    assert_int_equal(v->code, 200);
    UNTIL(v, strcmp(v->flux[0].state, "waiting") == 0 && strcmp(v->flux[1].state, "waiting") == 0);
    for (uint32_t n = 0; n < 3 * FPS; n++) {
        push(s);
        UNTIL(v, v->flux[0].units > n && v->flux[1].units > n);
    }
    for (int i = 0; i < FLUX; i++) {
        assert_string_equal(v->flux[i].state, "live");
        assert_memory_equal(v->flux[i].codec, "avc1.", 5);
        assert_int_equal(v->flux[i].inits, 1);
        assert_int_equal(v->flux[i].keys, 3);
        assert_true(v->flux[i].first_is_key);
        look_at_mp4(v->flux[i].file, v->flux[i].file_size, &about);
        assert_int_equal(about.pictures, 3 * FPS);
    }
    assert_int_equal(metric(s, "vigie_media_lives"), 1);
    assert_int_equal(metric(s, "vigie_media_live_flux"), 2);
    leave(v);
    while (metric(s, "vigie_media_live_flux") > 0)
        continue;
    assert_int_equal(metric(s, "vigie_media_requests"), 0);
}

static void ingest_restarts(void **state)
{
    struct site *s = *state;
    struct viewer *v = watch(&s->op, "flux=cam-1");
    while (s->pushed % FPS != 0)
        push(s);
    push(s);
    UNTIL(v, v->flux[0].units > 0);
    vg_media_desk_close(&s->desk);
    desk_open(s);
    UNTIL(v, strcmp(v->flux[0].state, "lost") == 0);
    assert_string_equal(v->flux[0].reason, "restart");
    const uint32_t before = v->flux[0].units;
    UNTIL(v, v->flux[0].units > before); /* from the ring's last key */
    assert_string_equal(v->flux[0].state, "live");
    assert_int_equal(v->flux[0].inits, 2);
    UNTIL(v, strcmp(v->flux[0].state, "lost") == 0); /* no more pictures come */
    assert_string_equal(v->flux[0].reason, "silent");
    push(s);
    UNTIL(v, strcmp(v->flux[0].state, "live") == 0);
    leave(v);
}

/* Who does not read costs no more than the bound says, whatever the cameras send. */
static void a_slow_reader(void **state)
{
    struct site *s = *state;
    const uint64_t most = VG_LIVE_LOW_BYTES + FLUX * (VG_LIVE_WINDOW + VG_WIRE_FRAME_MAX);
    const uint64_t before = metric(s, "vigie_media_live_bytes_total");
    struct viewer *stuck = watch(&s->op, "flux=cam-1,cam-2");
    uint64_t last = before, sent = 0;
    int same = 0;
    for (int n = 0; n < 4000 && same < 10; n++) {
        push(s);
        if (n % 50 != 0)
            continue;
        vg_pause_us(10000); /* the desk and the loop take what they may */
        const uint64_t now = metric(s, "vigie_media_live_bytes_total");
        same = now > before && now == last ? same + 1 : 0;
        last = now;
    }
    assert_int_equal(same, 10); /* nothing moves any more, though pictures came all the time */
    sent = last - before;
    /* what the kernel holds of a connection, both sides, and our bound */
    assert_true(sent < most + (12u << 20));
    const uint64_t counted = sent;
    for (int n = 0; n < 200; n++)
        push(s);
    assert_int_equal(metric(s, "vigie_media_live_bytes_total") - before, counted);
    /* when it reads again, it sees the present: a key, after what was in the pipe */
    const uint32_t units = stuck->flux[0].units;
    while (s->pushed % FPS != 0)
        push(s);
    push(s);
    UNTIL(stuck, stuck->flux[0].units > units && stuck->size == 0 && stuck->raw_size == 0);
    leave(stuck);
}

static void refusals(void **state)
{
    struct site *s = *state;
    struct viewer *v[VG_LIVES_MAX];
    char where[64];
    assert_int_equal(client_code(&s->op, "GET", V1 "/live", NULL, NULL), 400);
    assert_int_equal(client_code(&s->op, "GET", V1 "/live?flux=cam-1&plays=vp9", NULL, NULL), 400);
    struct answer none = client_call(&s->op, "GET", V1 "/live?flux=cam-1,none", NULL, NULL);
    assert_int_equal(none.code, 404);
    answer_text(&none, "error", "where", where, sizeof where);
    assert_string_equal(where, "none");
    answer_free(&none);
    assert_int_equal(client_code(&s->op, "HEAD", V1 "/live?flux=cam-1", NULL, NULL), 200);
    for (size_t i = 0; i < VG_LIVES_MAX; i++) {
        v[i] = watch(&s->op, "flux=cam-1");
        UNTIL(v[i], v[i]->alive > 0);
    }
    struct answer crowd = client_call(&s->op, "GET", V1 "/live?flux=cam-1", NULL, NULL);
    assert_int_equal(crowd.code, 429);
    assert_non_null(head_value(crowd.head, "Retry-After", where, sizeof where));
    answer_free(&crowd);
    leave(v[0]);
    struct viewer *again = NULL;
    for (int tries = 0; tries < 200 && !again; tries++) {
        struct viewer *one = watch(&s->op, "flux=cam-1");
        UNTIL(one, one->headed);
        if (one->code == 200)
            again = one;
        else
            leave(one);
    }
    assert_non_null(again); /* there is a place again */
    leave(again);
    for (size_t i = 1; i < VG_LIVES_MAX; i++)
        leave(v[i]);
}

/* It ends with the session, and each opening is in the audit. */
static void session_and_audit(void **state)
{
    struct site *s = *state;
    struct client tech;
    struct vg_database *database = NULL;
    struct vg_sql query;
    struct vg_fault fault = {0};
    client_open(&tech, s->server.port);
    client_sign_in(&tech, "tech");
    struct viewer *v = watch(&tech, "flux=cam-1,cam-2");
    UNTIL(v, v->alive > 0);
    assert_int_equal(client_code(&tech, "DELETE", V1 "/session", NULL, NULL), 204);
    UNTIL(v, v->over);
    leave(v);
    client_close(&tech);
    assert_int_equal(vg_database_open(&database, s->server.data, VG_DATABASE_EXISTING, &fault),
                     VG_OK);
    assert_int_equal(vg_sql_begin(&query, database,
                                  "SELECT 1 FROM audit WHERE who = 'tech' AND what = 'live.open'"
                                  " AND object = 'cam-1,cam-2' AND result = 'ok'",
                                  &fault),
                     VG_OK);
    assert_int_equal(vg_sql_next(&query), VG_OK);
    assert_int_equal(vg_sql_next(&query), VG_E_END);
    vg_sql_end(&query);
    vg_database_close(&database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_in_one),        cmocka_unit_test(ingest_restarts),
        cmocka_unit_test(a_slow_reader),     cmocka_unit_test(refusals),
        cmocka_unit_test(session_and_audit),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
