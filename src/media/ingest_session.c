#include "src/media/ingest_session.h"

#include <errno.h>
#include <libavcodec/packet.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/log.h"

/* A look-up of a name cannot be interrupted; the resolver gives up by itself within this: three
 * servers, asked twice for 5 s each, for the name and for six of a search list. Everything else of
 * an opening has its own deadline. */
#define NAME_US  (210 * VG_US_PER_S)
#define SLACK_US (3 * VG_US_PER_S) /* decoding one packet, a slow machine */
/* A call into a driver that lasts longer has hung: with what follows it is to fit into 3 s. Giving
 * a device back may take twice that; it is opened beside. */
#define CALL_US   (3 * VG_US_PER_S / 4)
#define DEVICE_US (2 * CALL_US)
#define TELL_US   (2 * VG_US_PER_S) /* between two looks at the figures */

void vg_ingest_session_promise(const struct vg_ingest_session *session, int64_t within_us)
{
    atomic_store_explicit(session->settings.due_us, vg_mono_now().us + within_us + SLACK_US,
                          memory_order_relaxed);
}

/* Evidence is received beside the flux: what is told of a flux is told of its analysis. */
static bool shown(const struct vg_ingest_session *session)
{
    return session->settings.purpose == VG_INGEST_ANALYSIS;
}

/* Where there is a stream for evidence, that one is kept and not this. */
static struct vg_packet_ring *ring_of(const struct vg_ingest_session *session)
{
    return shown(session) && session->config->evidence_url[0] ? NULL : session->settings.ring;
}

static void set_connection(const struct vg_ingest_session *session, enum vg_connection connection,
                           enum vg_status cause)
{
    if (shown(session))
        vg_slots_set_connection(session->settings.slots, session->settings.place, connection,
                                cause);
}

static void next_epoch(struct vg_ingest_session *session)
{
    if (shown(session))
        session->epoch = vg_slots_next_epoch(session->settings.slots, session->settings.place);
}

static void count(const struct vg_ingest_session *session, enum vg_fate fate)
{
    vg_slots_count(session->settings.slots, session->settings.place, fate);
}

/* ---- figures ---- */

static void set_figure(const struct vg_ingest_session *session, enum vg_figure figure,
                       uint64_t value)
{
    vg_slots_set_figure(session->settings.slots, session->settings.place, figure, (int64_t)value);
}

static uint64_t all_falls(const struct vg_ladder_state *state)
{
    uint64_t sum = 0;
    for (int c = 0; c < VG_LADDER_CAUSE_COUNT; c++)
        sum += state->falls[c];
    return sum;
}

static void log_step(struct vg_ingest_session *session, const struct vg_ladder_state *state)
{
    if (session->step == state->step)
        return;
    const bool down = state->step > session->step;
    vg_log(down ? VG_LOG_WARN : VG_LOG_INFO, "flux %s: decoded by %s instead of %s%s%s%s",
           session->config->id, vg_decode_step_name(state->step),
           vg_decode_step_name(session->step), down ? " (" : "",
           down ? vg_ladder_cause_name(state->cause) : "", down ? ")" : "");
    session->step = state->step;
}

static uint64_t ring_bytes(const struct vg_ingest_session *session)
{
    return session->settings.ring ? vg_packet_ring_counts(session->settings.ring).bytes : 0;
}

static void tell_decoder(struct vg_ingest_session *session)
{
    struct vg_ladder_state state;
    if (!session->ladder)
        return;
    vg_ladder_state(session->ladder, &state);
    (void)pthread_mutex_lock(&session->lock);
    session->ladder_told = state;
    (void)pthread_mutex_unlock(&session->lock);
    if (state.packets)
        log_step(session, &state);
    const uint64_t kept = ring_of(session) ? ring_bytes(session) : state.kept_bytes;
    set_figure(session, VG_FIGURE_DECODER, state.step);
    if (state.cause != VG_LADDER_NO_CAUSE) /* else that of a ladder before */
        set_figure(session, VG_FIGURE_FALL_CAUSE, state.cause);
    set_figure(session, VG_FIGURE_FALLS, session->falls + all_falls(&state));
    set_figure(session, VG_FIGURE_RISES, session->rises + state.rises);
    set_figure(session, VG_FIGURE_DECODE_TIME, session->decode_us + (uint64_t)state.cpu_us);
    set_figure(session, VG_FIGURE_PASSED, session->passed + state.passed);
    set_figure(session, VG_FIGURE_SURFACES, state.surfaces.count);
    set_figure(session, VG_FIGURE_MEMORY, state.surfaces.bytes + kept);
}

static void tell_figures(struct vg_ingest_session *session, struct vg_mono_time now)
{
    if (!shown(session) || now.us - session->told.us < TELL_US)
        return;
    session->told = now;
    const struct vg_source_link link = vg_source_link(session->source);
    set_figure(session, VG_FIGURE_TRANSPORT, link.transport);
    set_figure(session, VG_FIGURE_ENCRYPTED, link.encrypted);
    set_figure(session, VG_FIGURE_PACKETS, link.packets);
    set_figure(session, VG_FIGURE_LOST, link.lost);
    set_figure(session, VG_FIGURE_JITTER, link.jitter_us);
    set_figure(session, VG_FIGURE_INPUT_RATE, session->meter.fps_milli);
    set_figure(session, VG_FIGURE_KEY_INTERVAL, session->meter.key_interval);
    tell_decoder(session);
}

/* Nothing comes, and nothing is decoded. */
static void tell_rest(const struct vg_ingest_session *session)
{
    if (!shown(session))
        return;
    set_figure(session, VG_FIGURE_INPUT_RATE, 0);
    set_figure(session, VG_FIGURE_JITTER, 0);
    set_figure(session, VG_FIGURE_FALLS, session->falls);
    set_figure(session, VG_FIGURE_RISES, session->rises);
    set_figure(session, VG_FIGURE_DECODE_TIME, session->decode_us);
    set_figure(session, VG_FIGURE_PASSED, session->passed);
    set_figure(session, VG_FIGURE_SURFACES, 0);
    set_figure(session, VG_FIGURE_MEMORY, ring_bytes(session));
}

/* ---- pictures ---- */

/* The wall clock of a packet and of its picture: the same, however late the decoder gives it, so
 * that the clip of an alert shows its picture. */
static struct vg_wall_time wall_of(const struct vg_ingest_session *session, int64_t pts_us,
                                   struct vg_mono_time arrival)
{
    const int64_t since_us = vg_mono_now().us - arrival.us;
    return vg_source_wall(session->source, pts_us,
                          (struct vg_wall_time){vg_wall_now().us - since_us});
}

static void tell_reader(const struct vg_ingest_session *session)
{
    const uint64_t one = 1;
    ssize_t written = 0;
    do
        written = write(session->settings.event_fd, &one, sizeof one);
    while (written < 0 && errno == EINTR);
    /* EAGAIN: the counter is full, so the reader has been told; anything else ends with us */
}

static void note_format(struct vg_ingest_session *session, const struct vg_decoded *decoded)
{
    if (session->live && session->width == decoded->width && session->height == decoded->height)
        return;
    const uint32_t told = vg_source_about(session->source).fps_milli;
    session->fps_milli = told ? told : vg_ladder_fps_milli(session->ladder);
    session->width = decoded->width;
    session->height = decoded->height;
    vg_slots_set_format(session->settings.slots, session->settings.place, session->width,
                        session->height, session->fps_milli);
    if (ring_of(session))
        vg_packet_ring_set_size(session->settings.ring, session->width, session->height);
}

/* The first picture of a run: the source is back. */
static void note_live(struct vg_ingest_session *session)
{
    if (session->live)
        return;
    session->live = true;
    session->told.us = 0;
    vg_transport_choice_proven(&session->choice, vg_source_link(session->source).transport);
    if (session->was_live && session->cause) { /* and not only after a stop */
        if (shown(session))
            vg_slots_count_reconnect(session->settings.slots, session->settings.place);
        vg_log(VG_LOG_INFO, "flux %s: its source is back", session->config->id);
    }
    session->was_live = true;
    session->cause = VG_OK;
    set_connection(session, VG_CONNECTION_LIVE, VG_OK);
}

static void publish(struct vg_ingest_session *session, const struct vg_decoded *decoded,
                    const struct vg_picture *about)
{
    struct vg_slots *slots = session->settings.slots;
    const uint32_t place = session->settings.place;
    const struct vg_slots_settings most = vg_slots_geometry(slots);
    struct vg_slots_room room;
    uint32_t width = 0, height = 0;
    vg_pixels_fit(decoded->width, decoded->height, most.width_max, most.height_max, &width,
                  &height);
    if (vg_slots_begin(slots, place, width, height, &room)) {
        count(session, VG_FATE_POOL);
        return;
    }
    if (vg_ladder_convert(session->ladder, &room.pixels)) {
        vg_slots_abandon(slots, place, &room);
        count(session, VG_FATE_DECODER);
        return;
    }
    room.sent = decoded->sent;
    vg_slots_publish(slots, place, &room, about);
    tell_reader(session);
}

/* For viewers whose browser cannot play the codec: few pictures, and only while somebody asks. */
static void post(struct vg_ingest_session *session, const struct vg_decoded *decoded,
                 const struct vg_picture *about)
{
    struct vg_jpeg_post *to = session->settings.post;
    struct vg_pixels pixels;
    if (!to || !vg_jpeg_post_due(to, decoded->arrival))
        return;
    vg_alloc_unseal(); /* the first one takes memory */
    enum vg_status status = vg_jpeg_post_begin(to, decoded->width, decoded->height, &pixels);
    if (!status)
        status = vg_ladder_convert(session->ladder, &pixels);
    if (!status)
        status = vg_jpeg_post_put(to, about, decoded->arrival);
    session->unposted += status != VG_OK; /* the viewer keeps the picture before */
    vg_alloc_seal();
}

static bool doubted(const struct vg_ingest_session *session, const struct vg_decoded *decoded)
{
    return decoded->corrupt || vg_loss_doubt_has(&session->doubt, decoded->number);
}

/* If it is not, it meets its fate here. */
static bool is_wanted(struct vg_ingest_session *session, const struct vg_decoded *decoded,
                      int64_t since_us)
{
    const struct vg_slots *slots = session->settings.slots;
    const uint32_t place = session->settings.place;
    const bool wanted = vg_slots_wanted_us(slots, place) <= decoded->arrival.us;
    const bool missed = vg_owed_picture(&session->owed, vg_slots_owed_us(slots, place), since_us,
                                        wanted ? VG_OWED_ASKED : VG_OWED_NOT_ASKED);
    if (!wanted)
        count(session, missed ? VG_FATE_OVERLOAD : VG_FATE_RATE);
    return wanted;
}

/* Every picture passes here once and meets one fate, or is published. */
static void take_picture(struct vg_ingest_session *session, const struct vg_decoded *decoded)
{
    struct vg_slots *slots = session->settings.slots;
    const uint32_t place = session->settings.place;
    const int64_t pts_us = vg_source_stamp_us(session->source, decoded->stamp);
    struct vg_picture about = {
        .matrix = decoded->matrix, .range = decoded->range, .arrival = decoded->arrival};
    note_format(session, decoded);
    note_live(session);
    const int64_t since_us =
        session->last_arrival.us ? decoded->arrival.us - session->last_arrival.us : 0;
    session->last_arrival = decoded->arrival;
    if (vg_timeline_next(&session->timeline, pts_us, since_us, &about.media) == VG_TIMELINE_JUMP) {
        vg_slots_count_jump(slots, place);
        next_epoch(session);
    }
    about.epoch = session->epoch;
    about.sequence = vg_slots_count_decoded(slots, place, decoded->arrival);
    if (vg_cancelled(&session->cancel)) {
        count(session, VG_FATE_STOPPED); /* stopped, changed or ending: not shown any more */
        return;
    }
    about.wall = wall_of(session, pts_us, decoded->arrival);
    post(session, decoded, &about);
    if (!is_wanted(session, decoded, since_us))
        return;
    if (doubted(session, decoded)) {
        count(session, VG_FATE_CORRUPT);
        return;
    }
    publish(session, decoded, &about);
}

/* A picture that never came out of the decoder is counted in, so that it can have its fate. */
static void count_refused(struct vg_ingest_session *session, struct vg_mono_time arrival)
{
    (void)vg_slots_count_decoded(session->settings.slots, session->settings.place, arrival);
    count(session, VG_FATE_DECODER);
}

static enum vg_status take_pictures(struct vg_ingest_session *session)
{
    struct vg_decoded decoded;
    for (;;) {
        enum vg_status status = vg_ladder_receive(session->ladder, &decoded);
        if (status == VG_OK)
            take_picture(session, &decoded);
        else if (status == VG_E_IO)
            count_refused(session, vg_mono_now());
        else
            return status == VG_E_END ? VG_OK : status;
    }
}

static enum vg_status decode(struct vg_ingest_session *session, const struct AVPacket *packet,
                             struct vg_mono_time arrival)
{
    enum vg_status status = vg_ladder_send(session->ladder, packet, arrival);
    if (status == VG_E_IO)
        count_refused(session, arrival);
    else if (status && status != VG_E_FULL) /* full: passed over, as the step wants it */
        return status;
    return take_pictures(session);
}

/* ---- the ladder ---- */

static struct vg_ladder_record record_left(const struct vg_ingest_session *session)
{
    struct vg_slots_state state;
    vg_slots_state(session->settings.slots, session->settings.place, &state);
    const int64_t left = state.figure[VG_FIGURE_HANGS];
    return (struct vg_ladder_record){
        .until_us = state.figure[VG_FIGURE_BARRED_UNTIL],
        .hangs = (uint32_t)(left >> 8 & UINT32_MAX),
        .ceiling = (uint8_t)(left & 0xff),
    };
}

static void write_record(const struct vg_ingest_session *session,
                         const struct vg_ladder_record *record)
{
    set_figure(session, VG_FIGURE_BARRED_UNTIL, (uint64_t)record->until_us);
    set_figure(session, VG_FIGURE_HANGS, (uint64_t)record->hangs << 8 | record->ceiling);
}

void vg_ingest_session_leave_hung(struct vg_ingest_session *session, struct vg_mono_time now)
{
    struct vg_ladder_record record = record_left(session);
    (void)pthread_mutex_lock(&session->lock);
    if (session->ladder) {
        record = vg_ladder_record(session->ladder, VG_LADDER_DRIVER_HANGS, now);
    } else if (record.until_us <= now.us) { /* its source is away, and may be back at once */
        record = (struct vg_ladder_record){.until_us = now.us + vg_ladder_defaults().retry_us_min,
                                           .hangs = record.hangs + 1,
                                           .ceiling = VG_DECODE_HARDWARE_COUNT};
    }
    write_record(session, &record);
    (void)pthread_mutex_unlock(&session->lock);
}

/* Under the watch as long as a driver may hold it. */
static void close_ladder(struct vg_ingest_session *session)
{
    struct vg_ladder_state state;
    if (!session->ladder)
        return;
    vg_ladder_state(session->ladder, &state);
    session->falls += all_falls(&state);
    session->rises += state.rises;
    session->decode_us += (uint64_t)state.cpu_us;
    session->passed += state.passed;
    const struct vg_ladder_record record =
        vg_ladder_record(session->ladder, VG_LADDER_ENDS, vg_mono_now());
    write_record(session, &record);
    vg_ladder_rest(session->ladder);
    (void)pthread_mutex_lock(&session->lock);
    struct vg_ladder *ladder = session->ladder;
    session->ladder = NULL;
    memset(&session->ladder_told, 0, sizeof session->ladder_told);
    (void)pthread_mutex_unlock(&session->lock);
    vg_ladder_close(&ladder);
}

static void describe(struct vg_ingest_session *session, const struct vg_source_about *about)
{
    session->codec_version = about->codec_version;
    if (ring_of(session))
        vg_packet_ring_describe(session->settings.ring, about->codec, about->tick_num,
                                about->tick_den);
}

static enum vg_status open_ladder(struct vg_ingest_session *session)
{
    struct vg_ladder *ladder = NULL;
    struct vg_ladder_settings settings = vg_ladder_defaults();
    const struct vg_source_about about = vg_source_about(session->source);
    close_ladder(session);
    settings.devices = session->settings.devices;
    settings.record = record_left(session);
    settings.software =
        (enum vg_decode_step)atomic_load_explicit(&session->software, memory_order_relaxed);
    settings.seed = session->settings.seed;
    settings.call_us = CALL_US;
    settings.open_us = DEVICE_US;
    describe(session, &about);
    session->number = 0;
    session->doubt = (struct vg_loss_doubt){.packets = 0};
    const enum vg_status status =
        vg_ladder_open(&ladder, &settings, about.codec, vg_mono_now(), NULL);
    if (ladder && session->ladders++) { /* what it inherits was counted by the one before */
        struct vg_ladder_state state;
        vg_ladder_state(ladder, &state);
        session->falls -= all_falls(&state);
    }
    (void)pthread_mutex_lock(&session->lock);
    session->ladder = ladder;
    (void)pthread_mutex_unlock(&session->lock);
    return status;
}

/* ---- a watched folder ---- */

static const char folder_scheme[] = "folder:";

static const char *url_of(const struct vg_ingest_session *session)
{
    return shown(session) ? session->config->url : session->config->evidence_url;
}

static bool is_folder(const struct vg_ingest_session *session)
{
    return strncmp(url_of(session), folder_scheme, sizeof folder_scheme - 1) == 0;
}

/* As analysis wrote it before the last start. */
static struct vg_folder_mark mark_in_file(const struct vg_ingest_session *session)
{
    char path[512];
    uint8_t *text = NULL;
    size_t size = 0;
    struct vg_fault fault;
    struct vg_folder_mark mark = {.folder = 0};
    const char *data = session->settings.data, *id = session->config->id;
    if (!data || vg_folder_mark_path(data, id, path, sizeof path))
        return mark;
    enum vg_status status = vg_file_read(path, VG_FOLDER_MARK_BYTES, &text, &size, &fault);
    if (status == VG_OK)
        status = vg_folder_mark_parse((const char *)text, size, &mark);
    if (status && status != VG_E_MISSING)
        vg_log(VG_LOG_WARN, "flux %s: how far its folder was read is not known", id);
    vg_free(text);
    return mark;
}

static const char *folder_path(const struct vg_ingest_session *session)
{
    return url_of(session) + sizeof folder_scheme - 1;
}

/* In figures and in the file the folder is that of this very flux; a source knows its path alone. */
static struct vg_folder_mark played_before(const struct vg_ingest_session *session)
{
    struct vg_slots_state state;
    if (!is_folder(session))
        return (struct vg_folder_mark){.folder = 0};
    vg_slots_state(session->settings.slots, session->settings.place, &state);
    struct vg_folder_mark mark =
        vg_folder_mark_newer(vg_folder_mark_of(state.figure), mark_in_file(session),
                             vg_folder_mark_watch(folder_path(session), session->config->source));
    if (mark.folder)
        mark.folder = vg_folder_mark_name(folder_path(session));
    return mark;
}

static void tell_played(const struct vg_ingest_session *session)
{
    const struct vg_folder_mark mark = vg_source_played(session->source);
    if (!shown(session) || !mark.folder)
        return;
    set_figure(session, VG_FIGURE_FOLDER_NAME, (uint64_t)mark.name);
    set_figure(session, VG_FIGURE_FOLDER_TIME, (uint64_t)mark.changed_ns);
    set_figure(session, VG_FIGURE_FOLDER,
               (uint64_t)vg_folder_mark_watch(folder_path(session), session->config->source));
}

/* ---- a run ---- */

/* A file is at its end: the pictures that the decoder holds back come out. */
static enum vg_status finish(struct vg_ingest_session *session)
{
    if (!session->ladder || session->finished)
        return VG_OK;
    vg_alloc_seal();
    const enum vg_status status = decode(session, NULL, vg_mono_now());
    vg_ladder_restart(session->ladder);
    vg_alloc_unseal();
    session->finished = true;
    return status;
}

static enum vg_status begin_again(struct vg_ingest_session *session)
{
    const enum vg_status status = finish(session);
    vg_timeline_restart(&session->timeline);
    next_epoch(session);
    return status;
}

/* Nothing is sent to us now, and that is as it should be. */
static enum vg_status wait_for_more(struct vg_ingest_session *session)
{
    const enum vg_status status = finish(session);
    tell_played(session); /* its pictures are out */
    set_connection(session, VG_CONNECTION_WAITING, VG_OK);
    if (shown(session))
        set_figure(session, VG_FIGURE_INPUT_RATE, 0);
    vg_input_meter_reset(&session->meter);
    vg_silence_begin(&session->silence); /* nor is it an interval */
    session->live = false;
    return status;
}

static void note_doubt(struct vg_ingest_session *session, const struct vg_packet *packet)
{
    const enum vg_loss whole = packet->key ? VG_LOSS_KEY : VG_LOSS_NONE;
    vg_loss_doubt_packet(&session->doubt, ++session->number,
                         packet->damaged ? VG_LOSS_DAMAGED : whole);
}

/* The media time of a packet, by the picture given out last: INT64_MIN before the first one. */
static int64_t media_of(const struct vg_ingest_session *session, int64_t pts_us)
{
    const struct vg_timeline *line = &session->timeline;
    const int64_t most_us = INT64_MAX / 4; /* of a sound stamp, as the line has it */
    return pts_us < -most_us || pts_us > most_us || line->pts_us == VG_PTS_NONE || !line->started
               ? INT64_MIN
               : pts_us + (line->media_us - line->pts_us);
}

static void keep(struct vg_ingest_session *session, const struct vg_packet *packet)
{
    struct vg_packet_ring *ring = ring_of(session);
    if (!ring)
        return;
    const int64_t pts_us = vg_source_stamp_us(session->source, packet->data->pts);
    const struct vg_ring_push push = {
        .data = packet->data,
        .arrival = packet->arrival,
        .wall = wall_of(session, pts_us, packet->arrival),
        .media = {media_of(session, pts_us)},
        .key = packet->key,
    };
    vg_packet_ring_push(ring, &push);
}

static void take_evidence(struct vg_ingest_session *session, const struct vg_packet *packet)
{
    const struct vg_source_about about = vg_source_about(session->source);
    if (packet->early)
        return;
    if (session->codec_version != about.codec_version)
        describe(session, &about);
    note_live(session);
    keep(session, packet);
}

static enum vg_status take_packet(struct vg_ingest_session *session, const struct vg_packet *packet)
{
    enum vg_status status = packet->restarted ? begin_again(session) : VG_OK;
    (void)vg_input_meter_take(&session->meter, packet->arrival, packet->key);
    if (status || packet->early)
        return status;
    if (!session->ladder ||
        session->codec_version != vg_source_about(session->source).codec_version)
        status = open_ladder(session);
    if (status)
        return status;
    note_doubt(session, packet);
    session->finished = false;
    vg_alloc_seal(); /* from here on a picture allocates nothing of ours */
    keep(session, packet);
    vg_ladder_allow(
        session->ladder,
        (enum vg_decode_step)atomic_load_explicit(&session->software, memory_order_relaxed),
        packet->arrival);
    status = decode(session, packet->data, packet->arrival);
    if (atomic_load_explicit(&session->software, memory_order_relaxed) == VG_DECODE_NONE)
        note_live(session); /* no picture will say so */
    tell_figures(session, packet->arrival);
    vg_alloc_unseal();
    return status;
}

/* The flux's own settings before the site's. */
static const char *own_or(const char *own, const char *site)
{
    return own[0] ? own : site;
}

static struct vg_source_network network_of(const struct vg_ingest_session *session)
{
    const struct vg_ingest_flux_config *config = session->config;
    const struct vg_ingest_site_settings *site = session->site;
    if (!site)
        return (struct vg_source_network){
            .trust = {.ca_pem = config->ca_pem, .name = config->tls_name},
            .interface = config->interface};
    return (struct vg_source_network){
        .trust = {.ca_pem = own_or(config->ca_pem, site->settings.ca_pem),
                  .name = config->tls_name,
                  .certificate_pem = site->settings.certificate_pem,
                  .key_pem = site->key_pem},
        .interface = own_or(config->interface, site->settings.interface),
        .port_first = site->settings.port_first,
        .port_last = site->settings.port_last,
        .may_visit = vg_host_list_may_visit,
        .visit_context = &site->settings.sources,
    };
}

static enum vg_status open_source(struct vg_ingest_session *session)
{
    struct vg_source_settings settings = vg_source_defaults();
    const struct vg_ingest_flux_config *config = session->config;
    settings.kind = VG_SOURCE_LIVE;
    settings.url = url_of(session);
    settings.played = played_before(session);
    settings.user = config->user;
    settings.password = config->password;
    settings.transport = config->transport;
    settings.worked = session->choice.next;
    settings.network = network_of(session);
    settings.open_us = session->settings.open_us;
    settings.read_us = session->settings.read_us;
    settings.cancel = session->cancel;
    vg_ingest_session_promise(session, session->settings.open_us + NAME_US);
    session->live = false;
    session->read_us = session->settings.read_us;
    vg_silence_begin(&session->silence);
    session->codec_version = 0;
    vg_timeline_restart(&session->timeline);
    vg_input_meter_reset(&session->meter);
    next_epoch(session);
    return vg_source_open(&session->source, &settings, NULL);
}

/* What comes by a network is lost by the measure of what it does (silence.h). */
static void set_deadline(struct vg_ingest_session *session)
{
    const int64_t read_us =
        vg_source_link(session->source).transport == VG_TRANSPORT_AUTO
            ? session->settings.read_us
            : vg_silence_allowed_us(&session->silence, session->settings.read_us);
    if (read_us == session->read_us)
        return;
    session->read_us = read_us;
    vg_source_set_read(session->source, read_us);
}

/* A folder looks for a file, opens it and reads it in one call. */
static int64_t read_within_us(const struct vg_ingest_session *session)
{
    return is_folder(session) ? 2 * session->settings.read_us + session->settings.open_us
                              : session->read_us;
}

/* Where there are devices, one may be closed and another opened for a packet: each under a watch
 * of its own (decode_watch.h). */
static int64_t decode_within_us(const struct vg_ingest_session *session)
{
    const struct vg_decode_devices *devices = session->settings.devices;
    return shown(session) && (vg_decode_devices_has(devices, VG_DECODE_VAAPI) ||
                              vg_decode_devices_has(devices, VG_DECODE_CUDA))
               ? 2 * DEVICE_US
               : 0;
}

static enum vg_status read_packets(struct vg_ingest_session *session)
{
    struct vg_packet packet;
    enum vg_status status = VG_OK;
    const int64_t decode_us = decode_within_us(session);
    while (status == VG_OK && !vg_cancelled(&session->cancel)) {
        set_deadline(session);
        vg_ingest_session_promise(session, read_within_us(session));
        status = vg_source_read(session->source, &packet);
        vg_ingest_session_promise(session, decode_us);
        if (status == VG_OK)
            vg_silence_take(&session->silence, packet.arrival);
        if (status == VG_OK && !shown(session)) {
            take_evidence(session, &packet);
        } else if (status == VG_OK) {
            status = take_packet(session, &packet);
        } else if (status == VG_E_STATE) {
            status = wait_for_more(session);
        }
    }
    return status;
}

/* Where one gave nothing, the other is tried next, unless it once gave pictures. */
static void note_failure(struct vg_ingest_session *session)
{
    if (session->live || !session->source || vg_cancelled(&session->cancel) ||
        session->config->transport != VG_TRANSPORT_AUTO)
        return;
    vg_transport_choice_silent(&session->choice, vg_source_link(session->source).transport);
}

enum vg_status vg_ingest_session_run(struct vg_ingest_session *session,
                                     const struct vg_ingest_flux_config *config,
                                     const struct vg_ingest_site_settings *site,
                                     struct vg_cancel cancel)
{
    session->config = config;
    session->site = site;
    session->cancel = cancel;
    set_connection(session, VG_CONNECTION_CONNECTING, session->cause);
    if (session->settings.ring && !ring_of(session))
        vg_packet_ring_clear(session->settings.ring); /* of the time when nobody else kept it */
    enum vg_status status = open_source(session);
    if (status == VG_OK)
        status = read_packets(session);
    vg_ingest_session_promise(session, VG_US_PER_S + decode_within_us(session));
    note_failure(session);
    close_ladder(session);
    vg_source_close(&session->source);
    tell_rest(session);
    session->config = NULL;
    session->site = NULL;
    return status == VG_E_END ? VG_E_CLOSED : status;
}

/* ---- life, other threads ---- */

enum vg_status vg_ingest_session_init(struct vg_ingest_session *session,
                                      const struct vg_ingest_session_settings *settings)
{
    memset(session, 0, sizeof *session);
    session->settings = *settings;
    atomic_init(&session->software, (uint32_t)VG_DECODE_FULL);
    session->step = VG_DECODE_FULL;
    vg_ingest_session_reset(session, VG_INGEST_OTHER_FLUX);
    return pthread_mutex_init(&session->lock, NULL) == 0 ? VG_OK : VG_E_LACK;
}

void vg_ingest_session_release(struct vg_ingest_session *session)
{
    (void)pthread_mutex_destroy(&session->lock);
}

static uint64_t counted(const struct vg_slots_state *state, enum vg_figure figure)
{
    return state->figure[figure] > 0 ? (uint64_t)state->figure[figure] : 0;
}

/* Counters go on where those of the process before ended; another flux begins at 0. */
static void inherit_counts(struct vg_ingest_session *session)
{
    struct vg_slots_state state;
    if (!shown(session))
        return;
    vg_slots_state(session->settings.slots, session->settings.place, &state);
    session->falls = counted(&state, VG_FIGURE_FALLS);
    session->rises = counted(&state, VG_FIGURE_RISES);
    session->decode_us = counted(&state, VG_FIGURE_DECODE_TIME);
    session->passed = counted(&state, VG_FIGURE_PASSED);
    session->ladders = 0;
    if (state.figure[VG_FIGURE_TRANSPORT] > 0)
        vg_transport_choice_proven(&session->choice,
                                   (enum vg_transport)state.figure[VG_FIGURE_TRANSPORT]);
}

void vg_ingest_session_reset(struct vg_ingest_session *session, enum vg_ingest_change change)
{
    session->was_live = false;
    session->cause = VG_OK;
    session->choice = (struct vg_transport_choice){.silent = 0};
    session->silence = (struct vg_silence){.known = 0}; /* another address, perhaps */
    if (change == VG_INGEST_SAME_FLUX)
        return;
    vg_timeline_init(&session->timeline, VG_TIMELINE_LIVE_US);
    session->last_arrival.us = 0;
    session->width = session->height = session->fps_milli = 0;
    inherit_counts(session);
}

void vg_ingest_session_forget(struct vg_ingest_session *session)
{
    if (session->settings.ring)
        vg_packet_ring_clear(session->settings.ring);
    if (session->settings.post)
        vg_jpeg_post_clear(session->settings.post);
    tell_rest(session);
}

void vg_ingest_session_allow(struct vg_ingest_session *session, enum vg_decode_step software)
{
    atomic_store_explicit(&session->software, (uint32_t)software, memory_order_relaxed);
}

void vg_ingest_session_ladder(struct vg_ingest_session *session, struct vg_ladder_state *state)
{
    (void)pthread_mutex_lock(&session->lock);
    *state = session->ladder_told;
    (void)pthread_mutex_unlock(&session->lock);
}

struct vg_ladder_call vg_ingest_session_call(struct vg_ingest_session *session)
{
    struct vg_ladder_call call = {.due = {0}};
    (void)pthread_mutex_lock(&session->lock);
    if (session->ladder)
        call = vg_ladder_call(session->ladder);
    (void)pthread_mutex_unlock(&session->lock);
    return call;
}
