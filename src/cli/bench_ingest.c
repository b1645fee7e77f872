#include "src/cli/bench_ingest.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"
#include "src/cli/options.h"
#include "src/cli/words.h"
#include "src/media/ingest_flux.h"
#include "src/media/ingest_heap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    FLUX_MAX = 200,
    GROUP = 25, /* flux of one memory of slots, as in the product */
    LOOK_US = 5000
};

struct request {
    const char *flux_text, *seconds_text, *warm_text, *want_text, *open_text, *decode, *transport;
    bool as_json, keep, samples;
    double flux, seconds, warm, want_fps, open_s;
    char **url; /* taken in turn; "{}" in one becomes the number of the flux */
    uint32_t urls;
    enum vg_transport by;
    enum vg_decode_step software;
};

/* What was last said of a flux by --samples. */
struct told {
    enum vg_connection connection;
    uint64_t reconnects, decoded;
    bool awaited; /* a picture, since the connection changed */
};

/* One flux under measure. */
struct subject {
    struct vg_slots *slots; /* borrowed */
    uint32_t place;
    struct vg_ingest_flux *flux;
    struct vg_packet_ring *ring;
    int64_t open_us; /* -1: not yet */
    int64_t due_us;
    uint64_t decoded; /* at the begin of the measure */
    struct told told;
};

struct stand {
    struct request request;
    struct vg_slots *slots[FLUX_MAX / GROUP];
    struct subject subject[FLUX_MAX];
    struct vg_stagger *stagger;
    struct vg_decode_devices *devices;
    int event_fd;
    struct vg_mono_time sample_due; /* of the whole process */
    struct vg_mono_time next_tidy;
};

/* What a moment costs. */
struct reading {
    struct vg_mono_time at;
    int64_t cpu_us;
    uint64_t rss_bytes;
    uint32_t threads, descriptors;
};

static int64_t time_us(struct timeval time)
{
    return (int64_t)time.tv_sec * VG_US_PER_S + time.tv_usec;
}

static uint32_t entries_of(const char *folder)
{
    uint32_t count = 0;
    DIR *dir = opendir(folder);
    while (dir && readdir(dir))
        count++;
    if (dir)
        (void)closedir(dir);
    return count > 2 ? count - 2 : 0;
}

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu %lu", &pages, &resident) != 2)
        resident = 0;
    if (file)
        (void)fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static struct reading read_now(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (struct reading){
        .at = vg_mono_now(),
        .cpu_us = time_us(usage.ru_utime) + time_us(usage.ru_stime),
        .rss_bytes = resident_bytes(),
        .threads = entries_of("/proc/self/task"),
        .descriptors = entries_of("/proc/self/fd"),
    };
}

/* ---- the flux ---- */

static enum vg_status address_of(const struct request *r, uint32_t number, char *url, size_t size)
{
    const char *pattern = r->url[number % r->urls], *mark = strstr(pattern, "{}");
    struct vg_text_buffer out;
    vg_text_buffer_init(&out, url, size);
    if (!mark)
        vg_text_add(&out, "%s", pattern);
    else
        vg_text_add(&out, "%.*s%u%s", (int)(mark - pattern), pattern, number, mark + 2);
    return out.left_out ? VG_E_CALL : VG_OK;
}

static enum vg_status start(struct stand *stand, uint32_t number, struct vg_fault *fault)
{
    struct subject *subject = &stand->subject[number];
    struct vg_ingest_flux_config config = {
        .present = true, .active = true, .transport = stand->request.by};
    subject->slots = stand->slots[number / GROUP];
    subject->place = number % GROUP;
    subject->open_us = -1;
    subject->due_us = VG_SLOTS_NEVER;
    (void)snprintf(config.id, sizeof config.id, "f%u", number);
    if (address_of(&stand->request, number, config.url, sizeof config.url))
        return vg_fault_set(fault, VG_E_CALL, N_("the address is too long"), NULL, "%s", config.id);
    const struct vg_packet_ring_settings ring = vg_packet_ring_defaults();
    const struct vg_ingest_flux_settings defaults = {
        .slots = subject->slots,
        .place = subject->place,
        .event_fd = stand->event_fd,
        .open_us = 5 * VG_US_PER_S,
        .read_us = 5 * VG_US_PER_S / 2,
        .seed = number + 1,
        .devices = stand->devices,
        .stagger = stand->stagger,
    };
    struct vg_ingest_flux_settings settings = defaults;
    enum vg_status status =
        stand->request.keep ? vg_packet_ring_open(&subject->ring, &ring) : VG_OK;
    settings.ring = subject->ring;
    if (status == VG_OK)
        status = vg_ingest_flux_open(&subject->flux, &settings);
    if (status)
        return vg_fault_set(fault, status, N_("a flux could not be started"), NULL, "%s",
                            config.id);
    vg_ingest_session_allow(vg_ingest_flux_session(subject->flux), stand->request.software);
    vg_ingest_flux_configure(subject->flux, &config, NULL, VG_INGEST_MAY_RUN);
    return VG_OK;
}

/* ---- what --samples prints while it runs: a line of JSON each ---- */

static void print_sample(json_t *object)
{
    char *text = object ? vg_json_text(object) : NULL;
    if (text) {
        (void)puts(text);
        (void)fflush(stdout); /* who reads them acts on them */
    }
    vg_free(text);
    json_decref(object);
}

/* When a flux changes, and at the first picture after a change. `t_us` is the monotonic clock's. */
static void sample_flux(struct subject *subject, uint32_t number, struct vg_mono_time now,
                        const struct vg_slots_state *state)
{
    struct told *told = &subject->told;
    const bool changed =
        told->connection != state->connection || told->reconnects != state->reconnects;
    told->awaited = told->awaited || changed;
    const bool picture =
        told->awaited && state->connection == VG_CONNECTION_LIVE && state->decoded > told->decoded;
    if (changed || picture)
        print_sample(json_pack("{s:I, s:I, s:i, s:s, s:b, s:I, s:I}", "t_us", (json_int_t)now.us,
                               "time_us", (json_int_t)vg_wall_now().us, "flux", (int)number,
                               "connection", vg_connection_name(state->connection), "picture",
                               (int)picture, "decoded", (json_int_t)state->decoded, "reconnects",
                               (json_int_t)state->reconnects));
    told->awaited = told->awaited && !picture;
    told->connection = state->connection;
    told->reconnects = state->reconnects;
    told->decoded = state->decoded;
}

/* Each second: what the process is by then. */
static void sample_process(struct stand *stand, struct vg_mono_time now)
{
    uint64_t decoded = 0, reconnects = 0;
    int live = 0, hung = 0, open = 0;
    if (now.us < stand->sample_due.us)
        return;
    stand->sample_due.us = now.us + VG_US_PER_S;
    for (uint32_t i = 0; i < (uint32_t)stand->request.flux; i++) {
        const struct subject *subject = &stand->subject[i];
        decoded += subject->told.decoded;
        reconnects += subject->told.reconnects;
        live += subject->told.connection == VG_CONNECTION_LIVE;
        open += subject->open_us >= 0;
        hung += !vg_ingest_flux_alive(subject->flux, now);
    }
    const struct reading reading = read_now();
    print_sample(json_pack(
        "{s:I, s:I, s:i, s:i, s:i, s:I, s:I, s:f, s:f, s:i, s:i}", "t_us", (json_int_t)now.us,
        "time_us", (json_int_t)vg_wall_now().us, "open", open, "live", live, "hung", hung,
        "decoded", (json_int_t)decoded, "reconnects", (json_int_t)reconnects, "cpu_s",
        (double)reading.cpu_us / 1e6, "rss_mb", (double)reading.rss_bytes / 1e6, "threads",
        (int)reading.threads, "descriptors", (int)reading.descriptors));
}

/* ---- the look at them ---- */

/* Takes what is there and says when the next one is wanted, as analysis does. */
static void look(struct stand *stand, uint32_t number, struct vg_mono_time began,
                 struct vg_mono_time now)
{
    struct subject *subject = &stand->subject[number];
    struct vg_slots_state state;
    struct vg_picture picture;
    uint32_t slot = 0;
    vg_slots_state(subject->slots, subject->place, &state);
    const bool here = stand->request.software == VG_DECODE_NONE
                          ? state.figure[VG_FIGURE_PACKETS] > 0
                          : state.decoded > 0;
    if (subject->open_us < 0 && here)
        subject->open_us = now.us - began.us;
    if (stand->request.samples)
        sample_flux(subject, number, now, &state);
    if (stand->request.want_fps <= 0)
        return;
    if (vg_slots_take_newest(subject->slots, subject->place, &slot, &picture) == VG_OK) {
        vg_slots_count(subject->slots, subject->place, VG_FATE_ANALYSED);
        vg_slots_give_back(subject->slots, subject->place, slot);
    }
    if (vg_slots_wanted_us(subject->slots, subject->place) != VG_SLOTS_NEVER)
        return;
    const int64_t period = (int64_t)(1e6 / stand->request.want_fps);
    subject->due_us = subject->due_us == VG_SLOTS_NEVER || subject->due_us + period < now.us
                          ? now.us
                          : subject->due_us + period;
    vg_slots_want(subject->slots, subject->place, subject->due_us);
}

static uint32_t look_at_all(struct stand *stand, struct vg_mono_time began)
{
    const struct vg_mono_time now = vg_mono_now();
    uint32_t open = 0;
    for (uint32_t i = 0; i < (uint32_t)stand->request.flux; i++) {
        look(stand, i, began, now);
        open += stand->subject[i].open_us >= 0;
    }
    if (stand->request.samples)
        sample_process(stand, now);
    vg_ingest_heap_tidy(&stand->next_tidy, now);
    return open;
}

static void run_for(struct stand *stand, struct vg_mono_time began, double seconds)
{
    const int64_t until = vg_mono_now().us + (int64_t)(seconds * 1e6);
    const bool close = stand->request.want_fps > 0 || stand->request.samples;
    const int64_t step = close ? LOOK_US : 20 * LOOK_US;
    while (vg_mono_now().us < until) {
        (void)look_at_all(stand, began);
        vg_pause_us(step);
    }
}

/* ---- the report ---- */

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct sums {
    uint64_t decoded, decoded_in_all, lost, packets, reconnects, fate[VG_FATE_COUNT];
    uint64_t worst_decoded; /* of the flux that gave the fewest */
    double open_median_ms, open_max_ms;
    uint32_t open;
};

static struct sums add_up(const struct stand *stand)
{
    struct sums sums = {.worst_decoded = UINT64_MAX};
    int64_t opened[FLUX_MAX];
    for (uint32_t i = 0; i < (uint32_t)stand->request.flux; i++) {
        const struct subject *subject = &stand->subject[i];
        struct vg_slots_state state;
        vg_slots_state(subject->slots, subject->place, &state);
        const uint64_t decoded = state.decoded - subject->decoded;
        sums.decoded += decoded;
        sums.decoded_in_all += state.decoded;
        sums.worst_decoded = decoded < sums.worst_decoded ? decoded : sums.worst_decoded;
        sums.lost += (uint64_t)state.figure[VG_FIGURE_LOST];
        sums.packets += (uint64_t)state.figure[VG_FIGURE_PACKETS];
        sums.reconnects += state.reconnects;
        for (int f = 0; f < VG_FATE_COUNT; f++)
            sums.fate[f] += state.fate[f];
        if (subject->open_us >= 0)
            opened[sums.open++] = subject->open_us;
    }
    if (sums.open) {
        qsort(opened, sums.open, sizeof *opened, by_value);
        sums.open_median_ms = (double)opened[sums.open / 2] / 1000;
        sums.open_max_ms = (double)opened[sums.open - 1] / 1000;
    }
    return sums;
}

static json_t *fates_json(const struct sums *sums)
{
    json_t *fates = json_object();
    for (int f = 0; fates && f < VG_FATE_COUNT; f++)
        (void)json_object_set_new(fates, vg_fate_name((enum vg_fate)f),
                                  json_integer((json_int_t)sums->fate[f]));
    return fates;
}

static enum vg_status report(const struct stand *stand, const struct reading *empty,
                             const struct reading *begin, const struct reading *end,
                             struct vg_fault *fault)
{
    const struct sums sums = add_up(stand);
    const double flux = stand->request.flux;
    const double seconds = (double)(end->at.us - begin->at.us) / 1e6;
    const double cpu = (double)(end->cpu_us - begin->cpu_us) / 1e6;
    const double rss = ((double)end->rss_bytes - (double)empty->rss_bytes) / flux / 1e6;
    if (!stand->request.as_json) {
        (void)printf(_("%.0f flux, %u open (median %.0f ms, last %.0f ms), measured for %.1f s\n"
                       "pictures a second: %.1f in all, %.2f the worst flux; packets lost: %llu\n"
                       "processor: %.3f s, %.3f %% of a core for each flux; memory: %.2f MB for "
                       "each; %u threads, %u descriptors\n"),
                     flux, sums.open, sums.open_median_ms, sums.open_max_ms, seconds,
                     (double)sums.decoded / seconds, (double)sums.worst_decoded / seconds,
                     (unsigned long long)sums.lost, cpu, 100 * cpu / seconds / flux, rss,
                     end->threads, end->descriptors);
        return VG_OK;
    }
    json_t *object = json_pack(
        "{s:i, s:i, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:i, "
        "s:i, s:o}",
        "flux", (int)flux, "open", (int)sums.open, "open_ms", sums.open_median_ms, "open_last_ms",
        sums.open_max_ms, "seconds", seconds, "decoded", (json_int_t)sums.decoded, "decoded_in_all",
        (json_int_t)sums.decoded_in_all, "fps", (double)sums.decoded / seconds, "worst_flux_fps",
        (double)sums.worst_decoded / seconds, "packets", (json_int_t)sums.packets, "lost",
        (json_int_t)sums.lost, "reconnects", (json_int_t)sums.reconnects, "cpu_s", cpu,
        "core_percent_per_flux", 100 * cpu / seconds / flux, "rss_mb", (double)end->rss_bytes / 1e6,
        "mb_per_flux", rss, "threads", (int)end->threads, "descriptors", (int)end->descriptors,
        "fates", fates_json(&sums));
    return vg_print_json(object, fault);
}

/* ---- the run ---- */

static enum vg_status make_slots(struct stand *stand, struct vg_fault *fault)
{
    const uint32_t groups = ((uint32_t)stand->request.flux + GROUP - 1) / GROUP;
    const struct vg_slots_settings settings = vg_slots_defaults();
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < groups && !status; i++) {
        int fd = -1;
        status = vg_slots_create(&settings, &fd, fault);
        if (!status)
            status = vg_slots_open(&stand->slots[i], fd, fault);
        if (fd >= 0)
            (void)close(fd);
    }
    return status;
}

static enum vg_status measure(struct stand *stand, struct vg_fault *fault)
{
    const struct reading empty = read_now();
    const uint32_t flux = (uint32_t)stand->request.flux;
    enum vg_status status = VG_OK;
    const struct vg_mono_time began = vg_mono_now();
    for (uint32_t i = 0; i < flux && !status; i++)
        status = start(stand, i, fault);
    const int64_t until = began.us + (int64_t)(stand->request.open_s * 1e6);
    while (!status && look_at_all(stand, began) < flux && vg_mono_now().us < until)
        vg_pause_us(LOOK_US);
    if (status)
        return status;
    run_for(stand, began, stand->request.warm);
    for (uint32_t i = 0; i < flux; i++) {
        struct vg_slots_state state;
        vg_slots_state(stand->subject[i].slots, stand->subject[i].place, &state);
        stand->subject[i].decoded = state.decoded;
    }
    const struct reading begin = read_now();
    run_for(stand, began, stand->request.seconds);
    const struct reading end = read_now();
    return report(stand, &empty, &begin, &end, fault);
}

static void clear(struct stand *stand)
{
    for (uint32_t i = 0; i < FLUX_MAX; i++)
        if (stand->subject[i].flux)
            vg_ingest_flux_quit(stand->subject[i].flux);
    for (uint32_t i = 0; i < FLUX_MAX; i++) {
        vg_ingest_flux_close(&stand->subject[i].flux);
        vg_packet_ring_close(&stand->subject[i].ring);
    }
    for (size_t i = 0; i < COUNT(stand->slots); i++)
        vg_slots_close(&stand->slots[i]);
    vg_decode_devices_close(&stand->devices);
    vg_stagger_close(&stand->stagger);
    if (stand->event_fd >= 0)
        (void)close(stand->event_fd);
}

static enum vg_status run(const struct request *r, struct vg_fault *fault)
{
    vg_ingest_heap_set();
    struct stand *stand = vg_alloc(sizeof *stand);
    if (!stand)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench ingest");
    stand->request = *r;
    stand->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const struct vg_decode_devices_settings devices = vg_decode_devices_defaults();
    enum vg_status status = stand->event_fd >= 0 ? VG_OK : VG_E_LACK;
    if (!status)
        status = vg_stagger_open(&stand->stagger);
    if (!status)
        status = vg_decode_devices_open(&stand->devices, &devices);
    if (status)
        (void)vg_fault_set(fault, status, vg_status_text(status), NULL, "bench ingest");
    else
        status = make_slots(stand, fault);
    if (!status)
        status = measure(stand, fault);
    clear(stand);
    vg_free(stand);
    return status;
}

static enum vg_status choose(const char *option, const char *text, const char *const *words,
                             size_t count, size_t *chosen, struct vg_fault *fault)
{
    for (*chosen = 0; *chosen < count; ++*chosen)
        if (strcmp(text, words[*chosen]) == 0)
            return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("this option does not take this value"),
                        N_("see vigie help"), "--%s %s", option, text);
}

static enum vg_status check(struct request *r, struct vg_fault *fault)
{
    static const char *const decode[] = {"full", "keys", "none"};
    static const enum vg_decode_step steps[] = {VG_DECODE_FULL, VG_DECODE_KEYS, VG_DECODE_NONE};
    static const char *const transports[] = {"auto", "tcp", "udp", "multicast"};
    static const enum vg_transport by[] = {VG_TRANSPORT_AUTO, VG_TRANSPORT_TCP, VG_TRANSPORT_UDP,
                                           VG_TRANSPORT_MULTICAST};
    size_t chosen = 0;
    enum vg_status status = VG_OK;
    if (r->flux_text)
        status = vg_option_count("flux", r->flux_text, 1, FLUX_MAX, &r->flux, fault);
    else if (r->urls > FLUX_MAX)
        status = vg_fault_set(fault, VG_E_CALL, N_("more addresses than flux can be measured"),
                              N_("see vigie help"), "%u", r->urls);
    else
        r->flux = r->urls;
    if (!status)
        status = vg_option_number("seconds", r->seconds_text, 0.1, 86400, &r->seconds, fault);
    if (!status)
        status = vg_option_number("warm", r->warm_text, 0, 3600, &r->warm, fault);
    if (!status)
        status = vg_option_number("open", r->open_text, 1, 600, &r->open_s, fault);
    if (!status)
        status = vg_option_number("want", r->want_text, 0, 60, &r->want_fps, fault);
    if (!status)
        status = choose("decode", r->decode, decode, COUNT(decode), &chosen, fault);
    r->software = status ? VG_DECODE_FULL : steps[chosen];
    if (!status)
        status = choose("transport", r->transport, transports, COUNT(transports), &chosen, fault);
    r->by = status ? VG_TRANSPORT_AUTO : by[chosen];
    return status;
}

enum vg_status vg_bench_ingest(int argc, char **argv, struct vg_fault *fault)
{
    struct request r = {.seconds_text = "10",
                        .warm_text = "2",
                        .want_text = "0",
                        .open_text = "60",
                        .decode = "full",
                        .transport = "auto"};
    const struct vg_option options[] = {
        {"flux", "N", N_("flux, 1 to 200, the addresses in turn; default: one of each"),
         &r.flux_text, NULL},
        {"seconds", "S", N_("measured time; default 10"), &r.seconds_text, NULL},
        {"warm", "S", N_("before it, once all are open; default 2"), &r.warm_text, NULL},
        {"open", "S", N_("how long to wait until all are open; default 60"), &r.open_text, NULL},
        {"want", "FPS", N_("pictures a second taken out of each flux; default 0"), &r.want_text,
         NULL},
        {"decode", "D", N_("full, keys or none; default full"), &r.decode, NULL},
        {"transport", "T", N_("auto, tcp, udp or multicast; default auto"), &r.transport, NULL},
        {"keep", NULL, N_("keeps the last seconds for evidence, as the server does"), NULL,
         &r.keep},
        {"samples", NULL, N_("a line of JSON each second and at each change of a flux"), NULL,
         &r.samples},
        {"json", NULL, N_("for machines"), NULL, &r.as_json},
    };
    const struct vg_usage usage = {"bench ingest", "URL...",
                                   N_("receives and decodes flux, without analysis"), options,
                                   COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status)
        status = vg_options_operands(&usage, count, 1, INT_MAX, fault);
    r.url = argv + 1;
    r.urls = (uint32_t)count;
    if (!status)
        status = check(&r, fault);
    return status ? status : run(&r, fault);
}
