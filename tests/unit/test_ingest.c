/* The ingest process from outside: configuration in, pictures in the slots, stop, loss, return.
 * It runs in a thread here; the test is its supervisor and its analysis.
 * labels: threads waits */
#include "tests/media_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "src/base/clock.h"
#include "src/base/media_wire.h"
#include "src/base/message.h"
#include "src/base/stop.h"
#include "src/media/decode_steps.h"
#include "src/media/ingest.h"
#include "src/media/ingest_flux.h"
#include "src/media/slots.h"

#define S VG_US_PER_S

/* Made once. */
struct group {
    struct media_folder folder;
    struct camera_child camera;
    char clip[512]; /* 160x120, 25 a second, 2 s */
    char main[512]; /* 320x240, 10 a second, 2 s */
};

/* Made for each test. */
struct rig {
    struct group *group;
    struct media_folder data;
    int slots_fd, event_fd, control[2], media[2];
    struct vg_slots *slots;
    pthread_t thread;
    enum {
        ENDED,
        RUNNING
    } ingest;
    enum vg_status result;
    char buffer[4096];
    struct vg_message_reader reader;
    struct vg_wire_peer peer; /* as the api */
    uint32_t requests;
    uint8_t frame[VG_WIRE_FRAME_MAX];
};

static struct group *the_group(void)
{
    static struct group group;
    return &group;
}

static void *run_ingest(void *arg)
{
    struct rig *rig = arg;
    struct vg_ingest_settings settings = vg_ingest_defaults();
    settings.control_fd = rig->control[1];
    settings.slots_fd = rig->slots_fd;
    settings.event_fd = rig->event_fd;
    settings.media_fd = rig->media[1];
    settings.data = rig->data.path;
    settings.open_us = 2 * S;
    settings.read_us = S;
    rig->result = vg_ingest_run(&settings);
    return NULL;
}

static void start(struct rig *rig)
{
    assert_int_equal(pthread_create(&rig->thread, NULL, run_ingest, rig), 0);
    rig->ingest = RUNNING;
}

static void await_end(struct rig *rig)
{
    if (rig->ingest == RUNNING)
        (void)pthread_join(rig->thread, NULL);
    rig->ingest = ENDED;
}

static int open_rig(void **state)
{
    static const struct vg_slots_settings small = {
        .flux_max = 3, .slots_per_flux = 4, .width_max = 160, .height_max = 120};
    struct rig *rig = calloc(1, sizeof *rig);
    struct vg_fault fault;
    assert_non_null(rig);
    rig->group = the_group();
    folder_open(&rig->data);
    assert_int_equal(vg_slots_create(&small, &rig->slots_fd, &fault), VG_OK);
    assert_int_equal(vg_slots_open(&rig->slots, rig->slots_fd, &fault), VG_OK);
    rig->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(rig->event_fd >= 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, rig->control), 0);
    assert_int_equal(vg_wire_pair(rig->media), VG_OK);
    vg_wire_peer_init(&rig->peer);
    vg_message_reader_init(&rig->reader, rig->buffer, sizeof rig->buffer);
    start(rig);
    *state = rig;
    return 0;
}

static void say(const struct rig *rig, const char *text)
{
    assert_int_equal(vg_message_write(rig->control[0], text, strlen(text)), VG_OK);
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    (void)close(rig->control[0]); /* its supervisor is gone: it ends */
    await_end(rig);
    (void)close(rig->control[1]);
    (void)close(rig->media[0]);
    (void)close(rig->media[1]);
    (void)close(rig->event_fd);
    vg_slots_close(&rig->slots);
    (void)close(rig->slots_fd);
    folder_close(&rig->data);
    const enum vg_status result = rig->result;
    free(rig);
    assert_int_equal(result, VG_OK);
    return 0;
}

/* A configuration of up to three flux; NULL leaves a place empty. authorisation: JSON. */
static void configure(const struct rig *rig, const char *authorisation, const char *const url[3])
{
    json_t *flux = json_array();
    for (int i = 0; i < 3; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "cam-%d", i);
        if (url[i])
            (void)json_array_append_new(flux, json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:b,s:f}",
                                                        "index", i, "id", id, "url", url[i], "user",
                                                        "", "password", "", "transport", "tcp",
                                                        "active", 1, "rate_fps", 5.0));
    }
    json_t *message =
        json_pack("{s:s,s:i,s:o,s:o}", "type", "config", "version", 1, "authorisation",
                  json_loads(authorisation, JSON_DECODE_ANY, NULL), "flux", flux);
    assert_int_equal(vg_message_write_json(rig->control[0], message), VG_OK);
    json_decref(message);
}

static void configure_one(const struct rig *rig, const char *url)
{
    const char *const urls[3] = {url, NULL, NULL};
    configure(rig, "null", urls);
}

static struct vg_slots_state state_of(const struct rig *rig, uint32_t flux)
{
    struct vg_slots_state state;
    vg_slots_state(rig->slots, flux, &state);
    return state;
}

/* Waits, with a deadline, for a connection state; how long it took. */
static int64_t await(const struct rig *rig, uint32_t flux, enum vg_connection want,
                     int64_t within_us)
{
    const int64_t start_us = vg_mono_now().us;
    while (state_of(rig, flux).connection != want) {
        if (vg_mono_now().us - start_us > within_us)
            fail_msg("flux %u is %s, not %s", flux,
                     vg_connection_name(state_of(rig, flux).connection), vg_connection_name(want));
        (void)poll(NULL, 0, 5);
    }
    return vg_mono_now().us - start_us;
}

/* Wants one picture and waits for it. */
static void await_picture(const struct rig *rig, uint32_t flux, struct vg_picture *picture)
{
    uint32_t slot = 0;
    const int64_t until_us = vg_mono_now().us + 8 * S;
    vg_slots_want(rig->slots, flux, vg_mono_now().us);
    for (;;) {
        struct pollfd ready = {.fd = rig->event_fd, .events = POLLIN};
        if (vg_mono_now().us > until_us)
            fail_msg("no picture of flux %u", flux);
        (void)poll(&ready, 1, 100);
        uint64_t count = 0;
        (void)!read(rig->event_fd, &count, sizeof count);
        if (vg_slots_take_newest(rig->slots, flux, &slot, picture) == VG_OK)
            break;
    }
    vg_slots_count(rig->slots, flux, VG_FATE_ANALYSED);
    vg_slots_give_back(rig->slots, flux, slot);
}

static void write_stop(const struct rig *rig, const char *text)
{
    put_file(&rig->data, "stop.part", text, strlen(text));
    char from[512], to[512];
    folder_file(&rig->data, "stop.part", from, sizeof from);
    folder_file(&rig->data, VG_STOP_FILE, to, sizeof to);
    assert_int_equal(rename(from, to), 0);
}

static void quit(struct rig *rig)
{
    say(rig, "{\"type\":\"quit\"}");
    await_end(rig);
    assert_int_equal(rig->result, VG_OK);
    /* at rest, what came in is what went out */
    for (uint32_t flux = 0; flux < 3; flux++) {
        const struct vg_slots_state state = state_of(rig, flux);
        uint64_t out = state.ready + state.held;
        for (int f = 0; f < VG_FATE_COUNT; f++)
            out += state.fate[f];
        assert_int_equal(state.decoded, out);
        assert_int_equal(state.ready, 0);
        assert_int_equal(state.connection, VG_CONNECTION_OFF);
    }
}

/* A configuration in JSON: the site's, and the flux one after the other. */
static void configure_text(const struct rig *rig, const char *site, const char *flux)
{
    char text[8192];
    assert_true(snprintf(text, sizeof text,
                         "{\"type\":\"config\",\"version\":1,\"authorisation\":null,"
                         "\"site\":%s,\"flux\":[%s]}",
                         site, flux) < (int)sizeof text);
    say(rig, text);
}

static void tell_wire(struct rig *rig, enum vg_wire_type type, const uint8_t *data, size_t size)
{
    const struct vg_wire_frame frame = {.type = type,
                                        .from = rig->peer.own,
                                        .to = rig->peer.other,
                                        .request = rig->requests,
                                        .data = data,
                                        .size = size};
    assert_int_equal(vg_wire_send(rig->media[0], &frame, NULL, 0), VG_OK);
}

/* The next frame for us, within 8 s. */
static void hear_wire(struct rig *rig, struct vg_wire_frame *frame)
{
    const int64_t until_us = vg_mono_now().us + 8 * S;
    for (;;) {
        struct pollfd ready = {.fd = rig->media[0], .events = POLLIN};
        if (rig->peer.hello_due)
            tell_wire(rig, VG_WIRE_HELLO, NULL, 0);
        rig->peer.hello_due = false;
        if (vg_mono_now().us > until_us)
            fail_msg("the desk does not answer");
        (void)poll(&ready, 1, 100);
        const enum vg_status status = vg_wire_receive(rig->media[0], rig->frame, frame);
        if (status == VG_E_END)
            continue;
        assert_int_equal(status, VG_OK);
        const enum vg_wire_heard heard = vg_wire_peer_hear(&rig->peer, frame);
        if (heard == VG_WIRE_NEW_PEER ||
            (heard == VG_WIRE_HEARD && frame->request == rig->requests))
            return;
    }
}

/* Asks for a clip of the last back_us as the api does: what is told of it, or why there is none. */
static enum vg_status ask_clip(struct rig *rig, const char *id, int64_t back_us,
                               struct vg_wire_about *about)
{
    struct vg_wire_frame frame = {.type = VG_WIRE_HELLO};
    uint8_t data[VG_WIRE_CLIP_MAX];
    const int64_t now_us = vg_wall_now().us;
    struct vg_wire_clip clip = {.from_us = now_us - back_us, .to_us = now_us, .window = 1};
    (void)snprintf(clip.flux, sizeof clip.flux, "%s", id);
    while (rig->peer.other == 0)
        hear_wire(rig, &frame);
    rig->requests++;
    tell_wire(rig, VG_WIRE_CLIP, data, vg_wire_write_clip(&clip, data));
    do
        hear_wire(rig, &frame);
    while (frame.type != VG_WIRE_ABOUT && frame.type != VG_WIRE_REFUSED);
    if (frame.type == VG_WIRE_REFUSED)
        return vg_wire_read_refused(&frame);
    assert_int_equal(vg_wire_read_about(&frame, about), VG_OK);
    tell_wire(rig, VG_WIRE_STOP, NULL, 0);
    return VG_OK;
}

/* Asks until a clip shows this much time; what is told of it. */
static void await_clip(struct rig *rig, const char *id, int64_t long_us,
                       struct vg_wire_about *about)
{
    const int64_t until_us = vg_mono_now().us + 8 * S;
    *about = (struct vg_wire_about){0};
    while (ask_clip(rig, id, 10 * S, about) != VG_OK || about->to_us - about->from_us < long_us)
        if (vg_mono_now().us > until_us)
            fail_msg("%s has not %d ms in its ring, but %d", id, (int)(long_us / 1000),
                     (int)((about->to_us - about->from_us) / 1000));
}

static double clip_fps(const struct vg_wire_about *about)
{
    return (double)about->pictures * 1e6 / (double)(about->to_us - about->from_us);
}

static void a_file_becomes_pictures(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture, later;
    configure_one(rig, rig->group->clip);
    await_picture(rig, 0, &picture);
    assert_int_equal(picture.width, 160);
    assert_int_equal(picture.height, 120);
    assert_int_equal(picture.matrix, VG_MATRIX_BT601);
    assert_true(picture.arrival.us <= vg_mono_now().us);
    assert_true(picture.wall.us > 0);
    await_picture(rig, 0, &later);
    assert_true(later.sequence > picture.sequence);
    assert_true(later.media.us > picture.media.us);
    const struct vg_slots_state now = state_of(rig, 0);
    assert_int_equal(now.connection, VG_CONNECTION_LIVE);
    assert_int_equal(now.width, 160);
    assert_int_equal(now.height, 120);
    assert_int_equal(now.fps_milli, 25000);
    assert_true(now.tag == vg_slots_tag("cam-0"));
    quit(rig);
    assert_int_equal(state_of(rig, 0).fate[VG_FATE_ANALYSED], 2);
}

/* The wall clock is that of the packet's arrival, however late its picture leaves the decoder. */
static void a_late_picture_has_its_own_time(void **state)
{
    static const char *const options[] = {"-c:v", "libx264", "-bf", "4", "-b_strategy",
                                          "0",    "-g",      "25",  NULL};
    struct rig *rig = *state;
    char path[512];
    make_clip(&rig->data, "b.mp4", "testsrc2=s=160x120:r=25:d=2", options);
    folder_file(&rig->data, "b.mp4", path, sizeof path);
    configure_one(rig, path);
    for (int i = 0; i < 5; i++) {
        struct vg_picture picture;
        await_picture(rig, 0, &picture);
        const int64_t wall_ago_us = vg_wall_now().us - picture.wall.us;
        const int64_t ago_us = vg_mono_now().us - picture.arrival.us;
        assert_true(wall_ago_us - ago_us > -20000 && wall_ago_us - ago_us < 20000);
    }
    quit(rig);
}

/* Flux that wait for their turn at one host are connecting, not off. */
static void a_turn_is_waited_for(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture;
    char url[128], flux[1024];
    camera_url(&rig->group->camera, "x", url, sizeof url);
    (void)snprintf(flux, sizeof flux,
                   "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"active\":true},"
                   "{\"index\":1,\"id\":\"cam-1\",\"url\":\"%s\",\"active\":true}",
                   url, url);
    const int64_t start_us = vg_mono_now().us;
    configure_text(rig, "{\"stagger_ms\":1500}", flux);
    while (state_of(rig, 0).connection != VG_CONNECTION_LIVE &&
           state_of(rig, 1).connection != VG_CONNECTION_LIVE)
        if (poll(NULL, 0, 5) < 0 || vg_mono_now().us - start_us > 8 * S)
            fail_msg("neither is live");
    const uint32_t second = state_of(rig, 0).connection == VG_CONNECTION_LIVE ? 1 : 0;
    assert_int_equal(state_of(rig, second).connection, VG_CONNECTION_CONNECTING);
    await_picture(rig, second, &picture);
    assert_true(vg_mono_now().us - start_us >= 3 * S / 2);
    quit(rig);
}

/* The clip of 2 s begins again: epochs grow, media time goes on. */
static void a_live_file_goes_on(void **state)
{
    struct rig *rig = *state;
    struct vg_picture first, picture;
    configure_one(rig, rig->group->clip);
    await_picture(rig, 0, &first);
    do
        await_picture(rig, 0, &picture);
    while (picture.epoch == first.epoch);
    const int64_t media_us = picture.media.us - first.media.us;
    const int64_t passed_us = picture.arrival.us - first.arrival.us;
    assert_true(media_us > passed_us - S / 2 && media_us < passed_us + S / 2);
    assert_int_equal(picture.epoch, first.epoch + 1);
    assert_int_equal(state_of(rig, 0).jumps, 0);
    assert_int_equal(state_of(rig, 0).reconnects, 0);
}

static void it_says_that_it_lives(void **state)
{
    struct rig *rig = *state;
    const char *text = NULL;
    size_t size = 0;
    configure_one(rig, rig->group->clip);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vg_message_read(&rig->reader, rig->control[0], 5000, &text, &size), VG_OK);
        assert_non_null(strstr(text, "\"alive\""));
    }
}

static void a_stop_is_obeyed_within_two_seconds(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture;
    const char *const urls[3] = {rig->group->clip, rig->group->clip, NULL};
    configure(rig, "null", urls);
    await_picture(rig, 0, &picture);
    await_picture(rig, 1, &picture);
    vg_slots_want(rig->slots, 0, 0);
    write_stop(rig, "{\"all\":false,\"flux\":[\"cam-0\"],\"events\":[]}");
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    const uint64_t decoded = state_of(rig, 0).decoded;
    assert_int_equal(state_of(rig, 0).ready, 0);
    await_picture(rig, 1, &picture); /* the other one goes on */
    assert_int_equal(state_of(rig, 0).decoded, decoded);
    write_stop(rig, "{\"all\":true}");
    (void)await(rig, 1, VG_CONNECTION_STOPPED, 2 * S);
    write_stop(rig, "{}");
    await_picture(rig, 0, &picture);
    write_stop(rig, "not JSON"); /* fails safe */
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    quit(rig);
}

/* The source was never lost: its return is no reconnection, and nothing is blamed. */
static void a_stop_is_no_loss(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture;
    configure_one(rig, rig->group->clip);
    await_picture(rig, 0, &picture);
    write_stop(rig, "{\"all\":true}");
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    write_stop(rig, "{}");
    /* connecting, then live: whenever it is seen, no cause */
    const int64_t until_us = vg_mono_now().us + 3 * S;
    struct vg_slots_state now;
    do {
        now = state_of(rig, 0);
        assert_int_equal(now.cause, VG_OK);
    } while (now.connection != VG_CONNECTION_LIVE && vg_mono_now().us < until_us);
    await_picture(rig, 0, &picture);
    assert_int_equal(state_of(rig, 0).reconnects, 0);
    quit(rig);
}

/* A supervisor that reads nothing any more: signs of life are dropped, the stop is obeyed and the
 * process goes on; what was dropped leaves no broken message behind. */
static void a_hung_supervisor_does_not_delay_the_stop(void **state)
{
    static const char other[] = "{\"type\":\"report\"}";
    struct rig *rig = *state;
    struct vg_picture picture;
    const char *text = NULL;
    size_t size = 0;
    unsigned count = 0;
    configure_one(rig, rig->group->clip);
    await_picture(rig, 0, &picture);
    /* its socket is full, and stays so for longer than a sign of life takes to be due */
    while (vg_message_try_write(rig->control[1], other, sizeof other - 1) == VG_OK)
        count++;
    assert_true(count > 100);
    const int64_t until_us = vg_mono_now().us + 5 * S / 4;
    while (vg_mono_now().us < until_us)
        await_picture(rig, 0, &picture);
    write_stop(rig, "{\"all\":true}");
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    while (count > 0) {
        assert_int_equal(vg_message_read(&rig->reader, rig->control[0], 5000, &text, &size), VG_OK);
        if (strcmp(text, other) == 0)
            count--;
        else
            assert_non_null(strstr(text, "\"alive\""));
    }
    do /* it lives still, and says so again */
        assert_int_equal(vg_message_read(&rig->reader, rig->control[0], 5000, &text, &size), VG_OK);
    while (!strstr(text, "\"alive\""));
    quit(rig);
}

static void the_authorisation_bounds_it(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture;
    char text[256], from[40], to[40];
    const char *const urls[3] = {rig->group->clip, rig->group->clip, NULL};
    const struct vg_wall_time now = vg_wall_now();
    vg_wall_format((struct vg_wall_time){now.us - 60 * S}, from, sizeof from);
    vg_wall_format((struct vg_wall_time){now.us + 2 * S}, to, sizeof to);
    (void)snprintf(text, sizeof text,
                   "{\"reference\":\"order\",\"from\":\"%s\",\"to\":\"%s\",\"flux\":[\"cam-0\"],"
                   "\"events\":[]}",
                   from, to);
    configure(rig, text, urls);
    await_picture(rig, 0, &picture);
    (void)await(rig, 1, VG_CONNECTION_STOPPED, 2 * S);
    assert_int_equal(state_of(rig, 1).decoded, 0);
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 5 * S); /* its last moment, without a hand */
    assert_true(vg_wall_now().us >= now.us + 3 * S / 2);
}

static void a_camera_is_lost_and_found(void **state)
{
    static const struct {
        const char *query;
        enum vg_status cause;
    } rows[] = {{"x?close=0.4", VG_E_CLOSED}, {"x?freeze=0.4", VG_E_TIMEOUT}};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_picture first, picture;
        char url[128];
        print_message("%s\n", rows[i].query);
        camera_url(&rig->group->camera, rows[i].query, url, sizeof url);
        configure_one(rig, url);
        await_picture(rig, 0, &first);
        (void)await(rig, 0, VG_CONNECTION_LOST, 3 * S);
        assert_int_equal(state_of(rig, 0).cause, rows[i].cause);
        (void)await(rig, 0, VG_CONNECTION_LIVE, 6 * S);
        assert_int_equal(state_of(rig, 0).cause, VG_OK);
        await_picture(rig, 0, &picture);
        assert_true(picture.epoch > first.epoch);
        assert_true(picture.media.us > first.media.us);
        assert_true(state_of(rig, 0).reconnects >= 1);
        const char *const none[3] = {NULL, NULL, NULL};
        configure(rig, "null", none);
        (void)await(rig, 0, VG_CONNECTION_OFF, 2 * S);
    }
    quit(rig);
}

/* The stamps jump by an hour, or step back: counted, a new epoch, media time goes on. */
static void a_jump_makes_an_epoch(void **state)
{
    static const char *const rows[] = {"x?jump=0.5&by=3600", "x?jump=0.5&by=-100"};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_picture first, picture;
        char url[128];
        print_message("%s\n", rows[i]);
        camera_url(&rig->group->camera, rows[i], url, sizeof url);
        configure_one(rig, url);
        await_picture(rig, 0, &first);
        do
            await_picture(rig, 0, &picture);
        while (state_of(rig, 0).jumps == 0 || picture.epoch == first.epoch);
        const int64_t media_us = picture.media.us - first.media.us;
        assert_true(media_us > 0 && media_us < 8 * S);
        const char *const none[3] = {NULL, NULL, NULL};
        configure(rig, "null", none);
        (void)await(rig, 0, VG_CONNECTION_OFF, 2 * S);
    }
}

static void a_change_touches_only_its_flux(void **state)
{
    struct rig *rig = *state;
    struct vg_picture before, after;
    char url[128];
    camera_url(&rig->group->camera, "x", url, sizeof url);
    const char *const one[3] = {url, rig->group->clip, NULL};
    const char *const two[3] = {url, "/no/such/file.mp4", rig->group->clip};
    configure(rig, "null", one);
    await_picture(rig, 0, &before);
    await_picture(rig, 1, &after);
    configure(rig, "null", two);
    await_picture(rig, 2, &after);
    (void)await(rig, 1, VG_CONNECTION_LOST, 3 * S);
    assert_int_equal(state_of(rig, 1).cause, VG_E_MISSING);
    await_picture(rig, 0, &after);
    assert_int_equal(after.epoch, before.epoch);
    assert_int_equal(state_of(rig, 0).reconnects, 0);
    quit(rig);
}

/* The stream for evidence is what clips are cut from, while the other one is decoded; without it,
 * what is decoded is kept. One goes over into the other, and neither touches what is the other's. */
static void evidence_is_kept_beside(void **state)
{
    struct rig *rig = *state;
    struct vg_wire_about about;
    struct vg_picture picture;
    char beside[2048], alone[1024];
    (void)snprintf(alone, sizeof alone,
                   "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"active\":true}",
                   rig->group->clip);
    (void)snprintf(beside, sizeof beside,
                   "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"active\":true,"
                   "\"evidence_url\":\"%s\"}",
                   rig->group->clip, rig->group->main);
    configure_text(rig, "null", beside);
    await_picture(rig, 0, &picture);
    assert_int_equal(picture.width, 160);
    await_clip(rig, "cam-0", 3 * S / 2, &about);
    assert_true(clip_fps(&about) > 6 && clip_fps(&about) < 14);
    assert_int_equal(state_of(rig, 0).width, 160); /* of what is analysed */
    assert_int_equal(state_of(rig, 0).reconnects, 0);
    configure_text(rig, "null", alone);
    await_clip(rig, "cam-0", 3 * S, &about); /* longer than any look of a thread at rest */
    assert_true(clip_fps(&about) > 18 && clip_fps(&about) < 32);
    configure_text(rig, "null", beside);
    await_clip(rig, "cam-0", 3 * S / 2, &about);
    assert_true(clip_fps(&about) < 14);
    quit(rig);
}

/* Of a flux that is stopped, or gone, nothing is shown any more. */
static void what_is_stopped_is_not_shown(void **state)
{
    struct rig *rig = *state;
    struct vg_wire_about about;
    const char *const urls[3] = {rig->group->clip, NULL, NULL};
    configure(rig, "null", urls);
    await_clip(rig, "cam-0", S / 2, &about);
    write_stop(rig, "{\"all\":true}");
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    const enum vg_status stopped = ask_clip(rig, "cam-0", 10 * S, &about);
    assert_true(stopped == VG_E_END || stopped == VG_E_MISSING);
    write_stop(rig, "{}");
    await_clip(rig, "cam-0", S / 2, &about);
    const char *const none[3] = {NULL, NULL, NULL};
    configure(rig, "null", none);
    (void)await(rig, 0, VG_CONNECTION_OFF, 2 * S);
    assert_int_equal(ask_clip(rig, "cam-0", 10 * S, &about), VG_E_MISSING);
    quit(rig);
}

/* As if it had been written so long ago. */
static void make_old(const struct media_folder *folder, const char *name, time_t seconds)
{
    char path[512];
    const time_t at = time(NULL) - seconds;
    const struct timespec times[2] = {{.tv_sec = at}, {.tv_sec = at}};
    folder_file(folder, name, path, sizeof path);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A watched folder: two files of other codecs, sizes and stamps, each to its last picture; then
 * it waits, and goes on with the next. A viewer by JPEG looks on. */
static void a_folder_is_played_and_waited_for(void **state)
{
    static const char *const first[] = {"-c:v", "libx264", "-bf", "2", "-g", "12", NULL};
    static const char *const second[] = {"-c:v", "mpeg4", "-bf", "2", "-f", "avi", NULL};
    struct rig *rig = *state;
    struct media_folder folder;
    struct vg_wire_frame frame;
    uint8_t data[VG_WIRE_LIVE_MAX];
    char flux[1024];
    const struct vg_wire_live live = {.window = VG_WIRE_WINDOW_MAX, .flux = "cam-0"};
    folder_open(&folder);
    (void)snprintf(flux, sizeof flux,
                   "{\"index\":0,\"id\":\"cam-0\",\"url\":\"folder:%s\",\"active\":true}",
                   folder.path);
    configure_text(rig, "null", flux);
    (void)await(rig, 0, VG_CONNECTION_WAITING, 4 * S);
    assert_int_equal(state_of(rig, 0).cause, VG_OK);
    while (rig->peer.other == 0)
        hear_wire(rig, &frame);
    rig->requests++;
    tell_wire(rig, VG_WIRE_LIVE, data, vg_wire_write_live(&live, data));
    hear_wire(rig, &frame);
    assert_int_equal(frame.type, VG_WIRE_ABOUT);
    make_clip(&folder, "b.part", "testsrc2=s=128x96:r=20:d=1", second);
    make_clip(&folder, ".a.mp4", "testsrc2=s=160x120:r=25:d=1", first);
    make_old(&folder, "b.part", 50);
    make_old(&folder, ".a.mp4", 60);
    char from[512], to[512];
    folder_file(&folder, "b.part", from, sizeof from);
    folder_file(&folder, "b.avi", to, sizeof to);
    assert_int_equal(rename(from, to), 0);
    folder_file(&folder, ".a.mp4", from, sizeof from);
    folder_file(&folder, "a.mp4", to, sizeof to);
    assert_int_equal(rename(from, to), 0);
    const int64_t until_us = vg_mono_now().us + 8 * S;
    while (state_of(rig, 0).width != 128 || state_of(rig, 0).connection != VG_CONNECTION_WAITING)
        if (poll(NULL, 0, 10) < 0 || vg_mono_now().us > until_us)
            fail_msg("%u wide, %s", state_of(rig, 0).width,
                     vg_connection_name(state_of(rig, 0).connection));
    assert_int_equal(state_of(rig, 0).decoded, 45);
    assert_int_equal(state_of(rig, 0).jumps, 0);
    assert_int_equal(state_of(rig, 0).reconnects, 0);
    quit(rig);
    folder_close(&folder);
}

static void nonsense_is_refused_and_the_rest_stands(void **state)
{
    static const char *const rows[] = {
        "nonsense",
        "{\"type\":\"unknown\"}",
        "{\"type\":\"config\",\"version\":2}",
        "{\"type\":\"config\",\"flux\":[{\"index\":3,\"id\":\"a\",\"url\":\"/a\"}]}",
        "{\"type\":\"config\",\"flux\":[{\"index\":-1,\"id\":\"a\",\"url\":\"/a\"}]}",
        "{\"type\":\"config\",\"flux\":[{\"index\":0,\"id\":\"\",\"url\":\"/a\"}]}",
        "{\"type\":\"config\",\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":7}]}",
        "{\"type\":\"config\",\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":\"/a\\u0000b\"}]}",
        ("{\"type\":\"config\",\"flux\":[{\"index\":0,\"id\":\"a\",\"url\":\"/a\"},"
         "{\"index\":0,\"id\":\"b\",\"url\":\"/b\"}]}"),
    };
    struct rig *rig = *state;
    struct vg_picture first, picture;
    configure_one(rig, rig->group->clip);
    await_picture(rig, 0, &first);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        say(rig, rows[i]);
    await_picture(rig, 0, &picture);
    assert_true(state_of(rig, 0).tag == vg_slots_tag("cam-0"));
    quit(rig);
}

/* A predecessor was killed with a picture in hand. */
static void a_successor_recovers_the_slots(void **state)
{
    struct rig *rig = *state;
    struct vg_slots_room room;
    quit(rig);
    vg_slots_assign(rig->slots, 2, 77);
    (void)vg_slots_count_decoded(rig->slots, 2, (struct vg_mono_time){1});
    assert_int_equal(vg_slots_begin(rig->slots, 2, 64, 48, &room), VG_OK);
    start(rig);
    quit(rig); /* where the sums are checked */
    assert_int_equal(state_of(rig, 2).fate[VG_FATE_SHUTDOWN], 1);
}

/* What it counted stands in metrics that only grow, and what it left of its devices goes with it:
 * to its successor, not to another flux in its place. */
static void a_successor_counts_on(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture;
    quit(rig);
    vg_slots_assign(rig->slots, 0, vg_slots_tag("cam-0"));
    vg_slots_assign(rig->slots, 1, vg_slots_tag("another"));
    for (uint32_t flux = 0; flux < 2; flux++) {
        vg_slots_set_figure(rig->slots, flux, VG_FIGURE_FALLS, 5);
        vg_slots_set_figure(rig->slots, flux, VG_FIGURE_RISES, 4);
        vg_slots_set_figure(rig->slots, flux, VG_FIGURE_DECODE_TIME, 7 * S);
        vg_slots_set_figure(rig->slots, flux, VG_FIGURE_PASSED, 9);
        vg_slots_set_figure(rig->slots, flux, VG_FIGURE_HANGS, 2 << 8 | 1);
    }
    start(rig);
    const char *const urls[3] = {rig->group->clip, rig->group->clip, NULL};
    configure(rig, "null", urls);
    await_picture(rig, 0, &picture);
    await_picture(rig, 1, &picture);
    quit(rig);
    assert_int_equal(state_of(rig, 0).figure[VG_FIGURE_FALLS], 5);
    assert_int_equal(state_of(rig, 0).figure[VG_FIGURE_RISES], 4);
    assert_true(state_of(rig, 0).figure[VG_FIGURE_PASSED] >= 9);
    assert_true(state_of(rig, 0).figure[VG_FIGURE_DECODE_TIME] >= 7 * S);
    assert_int_equal(state_of(rig, 1).figure[VG_FIGURE_FALLS], 0);
    assert_true(state_of(rig, 1).figure[VG_FIGURE_DECODE_TIME] < S);
    assert_true(state_of(rig, 1).figure[VG_FIGURE_PASSED] < 9);
    assert_int_equal(state_of(rig, 1).figure[VG_FIGURE_HANGS], 0);
}

static int64_t figure_of(const struct rig *rig, enum vg_figure figure)
{
    return state_of(rig, 0).figure[figure];
}

static void *cancel_soon(void *arg)
{
    vg_pause_us(300000);
    atomic_fetch_add((_Atomic uint32_t *)arg, 1);
    return NULL;
}

/* A transport that gives nothing gives way to the other; one that was only not let go on does not. */
static void transports_are_remembered(void **state)
{
    static const struct {
        int64_t read_us;
        enum vg_transport proven; /* before; AUTO: none */
        enum vg_status want;
        enum vg_transport next;
    } rows[] = {{S / 5, VG_TRANSPORT_AUTO, VG_E_TIMEOUT, VG_TRANSPORT_UDP},
                {S / 5, VG_TRANSPORT_TCP, VG_E_TIMEOUT, VG_TRANSPORT_TCP},
                {10 * S, VG_TRANSPORT_AUTO, VG_E_INTERRUPTED, VG_TRANSPORT_AUTO}};
    struct rig *rig = *state;
    struct vg_ingest_flux_config *config = calloc(1, sizeof *config);
    assert_non_null(config);
    quit(rig); /* the slots are ours alone */
    config->transport = VG_TRANSPORT_AUTO;
    camera_url(&rig->group->camera, "x?nodata", config->url, sizeof config->url);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        _Atomic uint32_t generation = 1;
        _Atomic int64_t due_us = 0;
        struct vg_ingest_session *session = calloc(1, sizeof *session);
        pthread_t canceller;
        const struct vg_ingest_session_settings settings = {.slots = rig->slots,
                                                            .event_fd = rig->event_fd,
                                                            .due_us = &due_us,
                                                            .open_us = 5 * S,
                                                            .read_us = rows[i].read_us};
        assert_non_null(session);
        /* an ingest process before this one may have found out */
        vg_slots_set_figure(rig->slots, 0, VG_FIGURE_TRANSPORT,
                            rows[i].proven == VG_TRANSPORT_AUTO ? -1 : (int64_t)rows[i].proven);
        assert_int_equal(vg_ingest_session_init(session, &settings), VG_OK);
        assert_int_equal(pthread_create(&canceller, NULL, cancel_soon, &generation), 0);
        assert_int_equal(
            vg_ingest_session_run(session, config, NULL, (struct vg_cancel){&generation, 1}),
            rows[i].want);
        assert_int_equal(session->choice.next, rows[i].next);
        assert_int_equal(pthread_join(canceller, NULL), 0);
        vg_ingest_session_release(session);
        free(session);
    }
    free(config);
}

/* Waits, with a deadline, until a figure lies in a range. */
static void await_figure(const struct rig *rig, enum vg_figure figure, int64_t least, int64_t most)
{
    const int64_t until_us = vg_mono_now().us + 9 * S;
    while (figure_of(rig, figure) < least || figure_of(rig, figure) > most)
        if (poll(NULL, 0, 10) < 0 || vg_mono_now().us > until_us)
            fail_msg("%s is %lld", vg_figure_row(figure)->name, (long long)figure_of(rig, figure));
}

/* Without time for decoding most pictures never reach the decoder, and so have no fate: they are counted
 * all the same, and go on where they were. */
static void pictures_passed_over_are_counted(void **state)
{
    struct rig *rig = *state;
    char url[128], flux[512];
    camera_url(&rig->group->camera, "x", url, sizeof url);
    (void)snprintf(flux, sizeof flux,
                   "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"user\":\"\",\"password\":\"\","
                   "\"transport\":\"tcp\",\"active\":true,\"rate_fps\":5.0}",
                   url);
    configure_text(rig, "{\"stagger_ms\":0,\"decode\":{\"cores\":0.0001}}", flux);
    await_figure(rig, VG_FIGURE_DECODER, VG_DECODE_KEYS, VG_DECODE_NONE);
    await_figure(rig, VG_FIGURE_PASSED, 50, INT64_MAX);
    write_stop(rig, "{\"all\":true}");
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    assert_true(figure_of(rig, VG_FIGURE_PASSED) >= 50);
    quit(rig);
}

/* A camera that leaves out every 40th packet of 25 pictures a second, a key frame every 10;
 * where one picture is one packet, the interval lacks it. */
static void figures_tell_how_it_comes(void **state)
{
    struct rig *rig = *state;
    struct vg_picture picture;
    char url[128];
    camera_url(&rig->group->camera, "x?lose=40", url, sizeof url);
    configure_one(rig, url);
    await_picture(rig, 0, &picture);
    await_figure(rig, VG_FIGURE_INPUT_RATE, 20000, 30000);
    await_figure(rig, VG_FIGURE_KEY_INTERVAL, 8, 10);
    assert_int_equal(figure_of(rig, VG_FIGURE_TRANSPORT), VG_TRANSPORT_TCP);
    assert_int_equal(figure_of(rig, VG_FIGURE_ENCRYPTED), 0);
    assert_true(figure_of(rig, VG_FIGURE_DECODER) >= VG_DECODE_VAAPI &&
                figure_of(rig, VG_FIGURE_DECODER) <= VG_DECODE_FULL);
    assert_true(figure_of(rig, VG_FIGURE_DECODE_TIME) > 0);
    assert_true(figure_of(rig, VG_FIGURE_MEMORY) > 0);
    const int64_t packets = figure_of(rig, VG_FIGURE_PACKETS);
    const int64_t lost = figure_of(rig, VG_FIGURE_LOST);
    assert_true(packets > 50);
    assert_true(lost >= packets / 60 && lost <= packets / 30);
    write_stop(rig, "{\"all\":true}");
    (void)await(rig, 0, VG_CONNECTION_STOPPED, 2 * S);
    assert_int_equal(figure_of(rig, VG_FIGURE_INPUT_RATE), 0);
    assert_int_equal(figure_of(rig, VG_FIGURE_MEMORY), 0);
    quit(rig);
}

/* What the site says holds for its flux; a flux's own goes before. */
static void the_site_is_obeyed(void **state)
{
    static const struct {
        const char *site, *flux;
        enum vg_connection want;
    } rows[] = {
        {"{\"interface\":\"none7\"}", "", VG_CONNECTION_LOST},
        {"{\"interface\":\"127.0.0.1\"}", "", VG_CONNECTION_LIVE},
        {"{\"interface\":\"127.0.0.1\"}", ",\"interface\":\"none7\"", VG_CONNECTION_LOST},
        {"{\"interface\":\"none7\"}", ",\"interface\":\"127.0.0.1\"", VG_CONNECTION_LIVE},
    };
    struct rig *rig = *state;
    char url[128], flux[512];
    camera_url(&rig->group->camera, "x", url, sizeof url);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s %s\n", rows[i].site, rows[i].flux);
        (void)snprintf(flux, sizeof flux,
                       "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"active\":true%s}", url,
                       rows[i].flux);
        configure_text(rig, rows[i].site, flux);
        (void)await(rig, 0, rows[i].want, 6 * S);
        assert_int_equal(state_of(rig, 0).cause,
                         rows[i].want == VG_CONNECTION_LOST ? VG_E_LACK : VG_OK);
    }
    quit(rig);
}

/* How far connections stand apart, or how many cores decode, is no reason to interrupt a flux; by
 * which interface it comes is. */
static void a_site_interrupts_whom_it_concerns(void **state)
{
    static const struct {
        const char *site;
        enum {
            GOES_ON,
            ANEW
        } want;
    } rows[] = {{"{\"stagger_ms\":10,\"decode\":{\"cores\":1}}", GOES_ON},
                {"{\"stagger_ms\":10,\"interface\":\"127.0.0.1\"}", ANEW}};
    struct rig *rig = *state;
    struct vg_picture before, other, after;
    char url[128], flux[1024];
    camera_url(&rig->group->camera, "x", url, sizeof url);
    int used = snprintf(flux, sizeof flux,
                        "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"active\":true}", url);
    configure_text(rig, "{\"stagger_ms\":0}", flux);
    await_picture(rig, 0, &before);
    for (uint32_t i = 0; i < 2; i++) {
        print_message("%s\n", rows[i].site);
        used += snprintf(flux + used, sizeof flux - (size_t)used,
                         ",{\"index\":%u,\"id\":\"cam-%u\",\"url\":\"%s\",\"active\":true}", i + 1,
                         i + 1, rig->group->clip);
        configure_text(rig, rows[i].site, flux);
        await_picture(rig, i + 1, &other); /* the configuration has come */
        await_picture(rig, 0, &after);
        assert_int_equal(after.epoch != before.epoch, rows[i].want == ANEW);
        assert_int_equal(state_of(rig, 0).reconnects, 0);
        before = after;
    }
    quit(rig);
}

/* A redirect is followed to a host that the site declares, and nowhere else. */
static void redirects_are_for_declared_hosts(void **state)
{
    struct rig *rig = *state;
    char path[64], url[128], flux[512];
    (void)snprintf(path, sizeof path, "x?redirect=rtsp:%%2F%%2Flocalhost:%u%%2Fx",
                   rig->group->camera.port);
    camera_url(&rig->group->camera, path, url, sizeof url);
    (void)snprintf(flux, sizeof flux,
                   "{\"index\":0,\"id\":\"cam-0\",\"url\":\"%s\",\"active\":true}", url);
    configure_text(rig, "{\"sources\":[{\"host\":\"127.0.0.1\"}]}", flux);
    (void)await(rig, 0, VG_CONNECTION_LOST, 4 * S);
    assert_int_equal(state_of(rig, 0).cause, VG_E_DENIED);
    assert_int_equal(state_of(rig, 0).decoded, 0);
    configure_text(rig, "{\"sources\":[{\"host\":\"127.0.0.1\"},{\"host\":\"localhost\"}]}", flux);
    (void)await(rig, 0, VG_CONNECTION_LIVE, 6 * S);
    quit(rig);
}

static void back_offs(void **state)
{
    (void)state;
    static const struct {
        enum vg_status cause;
        uint32_t attempt;
        double random;
        int64_t want_us;
    } rows[] = {
        {VG_E_CLOSED, 0, 0.0, 500000},
        {VG_E_CLOSED, 0, 0.99, 500000},
        {VG_E_TIMEOUT, 1, 0.0, 500000},
        {VG_E_TIMEOUT, 1, 0.5, 750000},
        {VG_E_IO, 2, 0.0, 500000},
        {VG_E_IO, 2, 0.5, 1250000},
        {VG_E_CLOSED, 1000000, 0.5, 1250000},
        {VG_E_CLOSED, 3, 1.0, 2000000},
        {VG_E_CLOSED, UINT32_MAX, 0, 500000},
        {VG_E_DENIED, 0, 0.0, 20000000},
        {VG_E_DENIED, UINT32_MAX, 1, 30000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(vg_ingest_back_off_us(rows[i].cause, rows[i].attempt, rows[i].random) ==
                    rows[i].want_us);
}

static int set_up(void **state)
{
    static const char *const options[] = {"-c:v", "libx264", "-bf", "0", "-g", "10", NULL};
    struct group *group = the_group();
    (void)state;
    folder_open(&group->folder);
    make_clip(&group->folder, "camera.mp4", "testsrc2=s=160x120:r=25:d=2", options);
    folder_file(&group->folder, "camera.mp4", group->clip, sizeof group->clip);
    make_clip(&group->folder, "main.mp4", "testsrc2=s=320x240:r=10:d=2", options);
    folder_file(&group->folder, "main.mp4", group->main, sizeof group->main);
    camera_start(&group->camera, group->clip, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    camera_stop(&the_group()->camera);
    folder_close(&the_group()->folder);
    return 0;
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_offs),
        WITH_RIG(a_file_becomes_pictures),
        WITH_RIG(a_late_picture_has_its_own_time),
        WITH_RIG(a_turn_is_waited_for),
        WITH_RIG(a_live_file_goes_on),
        WITH_RIG(it_says_that_it_lives),
        WITH_RIG(a_stop_is_obeyed_within_two_seconds),
        WITH_RIG(a_stop_is_no_loss),
        WITH_RIG(a_hung_supervisor_does_not_delay_the_stop),
        WITH_RIG(the_authorisation_bounds_it),
        WITH_RIG(a_camera_is_lost_and_found),
        WITH_RIG(a_jump_makes_an_epoch),
        WITH_RIG(a_change_touches_only_its_flux),
        WITH_RIG(evidence_is_kept_beside),
        WITH_RIG(a_folder_is_played_and_waited_for),
        WITH_RIG(what_is_stopped_is_not_shown),
        WITH_RIG(nonsense_is_refused_and_the_rest_stands),
        WITH_RIG(a_successor_recovers_the_slots),
        WITH_RIG(a_successor_counts_on),
        WITH_RIG(transports_are_remembered),
        WITH_RIG(figures_tell_how_it_comes),
        WITH_RIG(pictures_passed_over_are_counted),
        WITH_RIG(the_site_is_obeyed),
        WITH_RIG(a_site_interrupts_whom_it_concerns),
        WITH_RIG(redirects_are_for_declared_hosts),
    };
    return cmocka_run_group_tests_name("ingest", tests, set_up, tear_down);
}
