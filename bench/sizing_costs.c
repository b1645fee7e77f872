#include "bench/sizing_costs.h"

#include <math.h>

#include "src/base/text.h"

/* At its limit a server was not seen to keep all the cores busy that its device shares with the rest,
 * and pictures take more of a full processor than of one with room. Fitted to ten configurations on
 * two cores (docs/decisions/0052). */
#define SHARED_WELL   0.93
#define DECODERS_MOST 0.9 /* busy: above, they may be at their limit */
#define DISK_LEAST_S \
    60 /* shorter measures tell no growth of a data folder: its files grow in leaps */

struct vg_size_line vg_size_line_of(const double *n, const double *y, uint32_t count)
{
    double sn = 0, sy = 0, nn = 0, ny = 0;
    for (uint32_t i = 0; i < count; i++) {
        sn += n[i];
        sy += y[i];
        nn += n[i] * n[i];
        ny += n[i] * y[i];
    }
    const double spread = count * nn - sn * sn;
    const double through_0 = nn > 0 ? ny / nn : 0;
    struct vg_size_line line = {0, through_0 > 0 ? through_0 : 0};
    if (spread <= 1e-9 * nn)
        return line;
    const double each = (count * ny - sn * sy) / spread, base = (sy - each * sn) / count;
    if (base < 0)
        return line;
    if (each < 0)
        return (struct vg_size_line){sy / count > 0 ? sy / count : 0, 0};
    return (struct vg_size_line){base, each};
}

static bool tells(const struct vg_size_measure *m)
{
    return m->cost->batches.count > 0 && m->cost->batches.ms > 0 && m->cost->seconds > 0 &&
           m->pictures > 0;
}

/* As the search has it: more than was not held by fewer is not held. */
static bool was_held(const struct vg_size_measure *m, const struct vg_size_measure *measure,
                     uint32_t count)
{
    uint32_t failed = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (!measure[i].held && measure[i].flux < failed)
            failed = measure[i].flux;
    return m->flux < failed;
}

/* The one in which they waited least for each other. NULL: in none were pictures analysed. */
static const struct vg_size_measure *fewest(const struct vg_size_measure *measure, uint32_t count)
{
    const struct vg_size_measure *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (tells(&measure[i]) && (!best || measure[i].flux < best->flux))
            best = &measure[i];
    return best;
}

/* The one that speaks for a machine that has much to do: of those held, the one with the most flux.
 * A processor that is woken for each picture takes more for it than one that works already. Of a
 * machine that held none, the one with the fewest: what nobody had time for would look cheap. */
static const struct vg_size_measure *fullest(const struct vg_size_measure *measure, uint32_t count)
{
    const struct vg_size_measure *best = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (tells(&measure[i]) && was_held(&measure[i], measure, count) &&
            (!best || measure[i].flux > best->flux))
            best = &measure[i];
    return best ? best : fewest(measure, count);
}

/* Cores that the device kept busy while it worked. */
static double kept_busy(const struct vg_size_measure *m)
{
    const double busy = m->cost->batches.ms / 1000 / m->cost->seconds;
    return busy > 0 ? fmax(m->cost->part_cores[VG_TREE_DEVICE], 0) / busy : 0;
}

/* By how much its device was slowed, because it is the processor and others work on that too: what a
 * batch takes of the processor stays the same, so that it gets less of it for a longer time. */
static double slowed(const struct vg_size_costs *costs, const struct vg_size_host *host,
                     const struct vg_size_measure *m)
{
    const double got = kept_busy(m);
    return host->device == VG_DEVICE_CPU && got > 0 && got < costs->device_cores
               ? costs->device_cores / got
               : 1;
}

/* Of a device that is the processor, those that it uses when nobody else works: live it never has
 * them for itself, one that rarely has work is slow to take it up, one that has much is shared; where
 * that is not known, the most that it was seen to use. Of a board, what it takes of the processor. */
static void learn_device_cores(struct vg_size_costs *costs, const struct vg_size_host *host,
                               const struct vg_size_measure *full,
                               const struct vg_size_measure *measure, uint32_t count)
{
    const bool is_processor = host->device == VG_DEVICE_CPU, told = host->alone.cores > 0;
    costs->device_cores =
        is_processor && told ? fmin(host->alone.cores, host->cores) : kept_busy(full);
    for (uint32_t i = 0; i < count && is_processor && !told; i++)
        if (tells(&measure[i]))
            costs->device_cores = fmax(costs->device_cores, kept_busy(&measure[i]));
}

/* The batches of a measure as if nobody had slowed them. */
static struct vg_batch_counts batches_alone(const struct vg_size_costs *costs,
                                            const struct vg_size_host *host,
                                            const struct vg_size_measure *m)
{
    struct vg_batch_counts b = m->cost->batches;
    const double slow = slowed(costs, host, m);
    b.ms /= slow;
    b.ms_jobs /= slow;
    b.ms_squared /= slow * slow;
    return b;
}

/* Squares of how far batches are from the line, summed. */
static double squares_about(const struct vg_batch_counts *s, const struct vg_size_line *line)
{
    const double off = s->ms_squared - 2 * (line->base * s->ms + line->each * s->ms_jobs) +
                       s->count * line->base * line->base + 2 * line->base * line->each * s->jobs +
                       line->each * line->each * s->jobs_squared;
    return fmax(off, 0);
}

/* Its shape is that of batches on the device alone: who watches few flux runs hardly a batch of two,
 * and what those few seem to say of the start of a batch makes full ones look cheap, or dear. Its
 * height is that of what was measured. */
static struct vg_size_line line_of(const struct vg_batch_counts *s,
                                   const struct vg_size_line *alone)
{
    const double alone_ms = alone->base * s->count + alone->each * s->jobs;
    if (alone_ms <= 0)
        return (struct vg_size_line){0, s->ms / s->jobs};
    const double times = s->ms / alone_ms;
    return (struct vg_size_line){alone->base * times, alone->each * times};
}

/* How far batches are from the line: standard deviation, a share of their mean. */
static double spread_about(const struct vg_batch_counts *s, const struct vg_size_line *line)
{
    const double mean = s->ms / s->count;
    return mean > 0 ? sqrt(squares_about(s, line) / s->count) / mean : 0;
}

/* Its line, how far batches are from it, how many pictures one takes. That of a device that is the
 * processor is read in the measure in which they were nearest to it: what threw them off more is
 * others' work, which is simulated. */
static void learn_device(struct vg_size_costs *costs, const struct vg_size_host *host,
                         const struct vg_size_measure *full, const struct vg_size_measure *measure,
                         uint32_t count)
{
    const struct vg_batch_counts b = batches_alone(costs, host, full);
    const struct vg_size_line line = line_of(&b, &host->alone.ms);
    double batch_max = 1;
    costs->batch_ms = line;
    costs->spread = spread_about(&b, &line);
    for (uint32_t i = 0; i < count; i++) {
        if (!tells(&measure[i]))
            continue;
        const struct vg_batch_counts other = batches_alone(costs, host, &measure[i]);
        batch_max = fmax(batch_max, other.batch_max);
        if (host->device == VG_DEVICE_CPU)
            costs->spread = fmin(costs->spread, spread_about(&other, &line));
    }
    costs->batch_max = (uint32_t)fmin(batch_max, 64);
}

/* What a picture takes of the processor, by the fullest; how long its stages last, by the one with the
 * fewest flux: in a fuller one they last longer because others work, which is simulated. */
static void learn_pictures(struct vg_size_costs *costs, const struct vg_size_measure *full,
                           const struct vg_size_measure *few)
{
    const struct vg_pipeline_cost *c = full->cost;
    const double ms_of_core = c->seconds / full->pictures * 1000; /* a picture's part of it */
    double ms[VG_SERVER_STAGES];
    for (int s = 0; s < VG_SERVER_STAGES; s++) {
        const struct vg_stage_sum *stage = &few->cost->stage[s];
        ms[s] = stage->count > 0 ? stage->seconds / stage->count * 1000 : 0;
    }
    costs->jobs_per_picture = c->batches.jobs / full->pictures;
    costs->loop_ms = fmax(c->part_cores[VG_TREE_LOOP], 0) * ms_of_core;
    costs->worker_ms = fmax(c->part_cores[VG_TREE_WORKERS], 0) * ms_of_core;
    costs->alerts_share = fmin(c->stage[VG_SERVER_ALERT].count / full->pictures, 1);
    costs->alert_ms = fmin(ms[VG_SERVER_ALERT],
                           costs->alerts_share > 0 ? costs->worker_ms / costs->alerts_share : 0);
    costs->before_ms = ms[VG_SERVER_DECODE];
    costs->after_ms = ms[VG_SERVER_TRACK] + ms[VG_SERVER_RULES];
}

/* In the mean: they know nothing of the number of flux. */
static void learn_foreign(struct vg_size_costs *costs, const struct vg_size_measure *measure,
                          uint32_t count)
{
    double foreign_s = 0, seconds = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!tells(&measure[i]))
            continue;
        foreign_s += fmax(measure[i].cost->foreign_cores, 0) * measure[i].cost->seconds;
        seconds += measure[i].cost->seconds;
    }
    costs->foreign_cores = foreign_s / seconds;
}

/* A flux of the class in the mean; 0: there is none. */
static double decoded_by(const struct vg_size_load *load, const struct vg_size_measure *m,
                         uint32_t class)
{
    double sum = 0;
    uint32_t n = 0;
    for (uint32_t f = 0; f < m->flux && f < VG_SERVER_FLUX_MAX; f++) {
        if (vg_load_profile_class(&load->profile, f) != class)
            continue;
        sum += m->cost->decode_cores[f];
        n++;
    }
    return n > 0 ? sum / n : 0;
}

/* In the measure with the fewest flux in which the class is; -1: there is none. */
static double decoded_by_fewest(const struct vg_size_load *load,
                                const struct vg_size_measure *measure, uint32_t count,
                                uint32_t class)
{
    uint32_t flux = UINT32_MAX;
    double found = -1;
    for (uint32_t i = 0; i < count; i++) {
        const double cores = decoded_by(load, &measure[i], class);
        if (cores <= 0 || measure[i].flux >= flux)
            continue;
        flux = measure[i].flux;
        found = cores;
    }
    return found;
}

/* Where hardware decodes, by the fewest: those that it had no room for are the processor's, and one
 * figure for both would be of neither. */
static void learn_decoding(struct vg_size_costs *costs, const struct vg_size_load *load,
                           const struct vg_size_measure *full,
                           const struct vg_size_measure *measure, uint32_t count)
{
    const bool speaks = full && full->cost->hardware_flux == 0;
    for (uint32_t c = 0; c < VG_LOAD_CLASSES_MAX; c++)
        costs->decode_cores[c] = -1;
    for (uint32_t c = 0; c < load->profile.class_count; c++) {
        const double cores = speaks ? decoded_by(load, full, c) : 0;
        costs->decode_cores[c] = cores > 0 ? cores : decoded_by_fewest(load, measure, count, c);
    }
}

static double pixel_rate(const struct vg_size_load *load, uint32_t class)
{
    const struct vg_load_class *c = &load->profile.class[class];
    return (double)c->width * c->height * load->class[class].source_fps;
}

static bool tells_decoders(const struct vg_size_measure *m)
{
    const double share = m->cost->decoder_share;
    return m->held && tells(m) && m->cost->hardware_flux == m->flux && share > 0 &&
           share <= DECODERS_MOST;
}

/* Of the measure with the most flux that were held, all of them by the hardware: what is not a flux's
 * counts least there. Of one that has reached its limit nobody knows what a flux would take. */
static void learn_decoders(struct vg_size_costs *costs, const struct vg_size_load *load,
                           const struct vg_size_measure *measure, uint32_t count)
{
    const struct vg_size_measure *most = NULL;
    uint32_t of_class[VG_LOAD_CLASSES_MAX];
    double pixels = 0;
    for (uint32_t i = 0; i < count; i++)
        if (tells_decoders(&measure[i]) && (!most || measure[i].flux > most->flux))
            most = &measure[i];
    if (!most)
        return;
    vg_size_classes(load, most->flux, of_class);
    for (uint32_t c = 0; c < load->profile.class_count; c++)
        pixels += of_class[c] * pixel_rate(load, c);
    for (uint32_t c = 0; c < load->profile.class_count; c++)
        if (of_class[c] > 0 && pixel_rate(load, c) > 0)
            costs->decoder_share[c] = most->cost->decoder_share * pixel_rate(load, c) / pixels;
}

/* A line wants two numbers of flux: with one, the model's weights would look like each flux's own. */
static void learn_boards(struct vg_size_costs *costs, const struct vg_size_measure *measure,
                         uint32_t count)
{
    double n[64] = {0}, bytes[64] = {0};
    uint32_t points = 0;
    bool differ = false;
    for (uint32_t i = 0; i < count && points < 64; i++) {
        if (measure[i].cost->board_bytes <= 0 || !tells(&measure[i]))
            continue;
        n[points] = measure[i].flux;
        bytes[points++] = measure[i].cost->board_bytes;
        differ = differ || n[points - 1] - n[0] > 0.5 || n[0] - n[points - 1] > 0.5;
    }
    if (differ)
        costs->board_bytes = vg_size_line_of(n, bytes, points);
}

static void learn_lines(struct vg_size_costs *costs, const struct vg_size_measure *measure,
                        uint32_t count)
{
    double n[64] = {0}, cores[64] = {0}, bytes[64] = {0}, grown = 0, flux_s = 0;
    uint32_t points = 0;
    for (uint32_t i = 0; i < count && points < 64; i++) {
        const struct vg_pipeline_cost *c = measure[i].cost;
        if (!tells(&measure[i]))
            continue;
        n[points] = measure[i].flux;
        cores[points] = c->part_cores[VG_TREE_OTHER];
        bytes[points++] = (double)c->resident_bytes;
        if (c->seconds < DISK_LEAST_S)
            continue;
        grown += c->disk_bytes;
        flux_s += c->seconds * measure[i].flux;
    }
    costs->other_cores = vg_size_line_of(n, cores, points);
    costs->memory_bytes = vg_size_line_of(n, bytes, points);
    costs->disk_bytes = flux_s > 0 && grown >= 0 ? grown / flux_s : -1;
}

void vg_size_costs_make(struct vg_size_costs *costs, const struct vg_size_load *load,
                        const struct vg_size_host *host, const struct vg_size_measure *measure,
                        uint32_t count)
{
    const struct vg_size_measure *full = fullest(measure, count), *few = fewest(measure, count);
    *costs = (struct vg_size_costs){.disk_bytes = -1};
    learn_decoding(costs, load, full, measure, count);
    for (uint32_t c = 0; c < VG_LOAD_CLASSES_MAX; c++)
        costs->decoder_share[c] = -1;
    if (!full) {
        costs->why = N_("no measure in which pictures were analysed");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        costs->measures += tells(&measure[i]);
        if (measure[i].cost->devices > 1) /* one line through the batches of all would be of none */
            costs->why = N_("the server worked on more than one device: name one with --device");
    }
    costs->surfaces = few->cost->surfaces / few->flux;
    if (costs->why)
        return;
    learn_decoders(costs, load, measure, count);
    learn_boards(costs, measure, count);
    learn_device_cores(costs, host, full, measure, count);
    learn_device(costs, host, full, measure, count);
    learn_pictures(costs, full, few);
    learn_foreign(costs, measure, count);
    learn_lines(costs, measure, count);
}

/* ---- of so many flux ---- */

/* As vg_load_profile_class has it, which begins anew for each: that would be slow for thousands. */
void vg_size_classes(const struct vg_size_load *load, uint32_t flux,
                     uint32_t count[VG_LOAD_CLASSES_MAX])
{
    const struct vg_load_profile *profile = &load->profile;
    double sum = 0;
    for (uint32_t c = 0; c < VG_LOAD_CLASSES_MAX; c++)
        count[c] = 0;
    for (uint32_t c = 0; c < profile->class_count; c++)
        sum += profile->class[c].share;
    for (uint32_t n = 0; n < flux; n++) {
        uint32_t next = 0;
        double most = -1;
        for (uint32_t c = 0; c < profile->class_count; c++) {
            const double behind = profile->class[c].share / sum * (n + 1) - count[c];
            next = behind > most ? c : next;
            most = behind > most ? behind : most;
        }
        count[next]++;
    }
}

double vg_size_rate(const struct vg_size_load *load, uint32_t flux)
{
    uint32_t count[VG_LOAD_CLASSES_MAX];
    double sum = 0;
    vg_size_classes(load, flux, count);
    for (uint32_t c = 0; c < load->profile.class_count; c++)
        sum += count[c] * load->class[c].wanted_fps;
    return sum;
}

/* What `flux` of them take; -1: what one of a class takes is not known. */
static double sum_of(const double class[VG_LOAD_CLASSES_MAX], const struct vg_size_load *load,
                     uint32_t flux)
{
    uint32_t count[VG_LOAD_CLASSES_MAX];
    double sum = 0;
    vg_size_classes(load, flux, count);
    for (uint32_t c = 0; c < load->profile.class_count; c++) {
        if (count[c] && class[c] < 0)
            return -1;
        sum += count[c] ? count[c] * class[c] : 0;
    }
    return sum;
}

double vg_size_decode_cores(const struct vg_size_costs *costs, const struct vg_size_load *load,
                            uint32_t flux)
{
    return sum_of(costs->decode_cores, load, flux);
}

double vg_size_decoders(const struct vg_size_costs *costs, const struct vg_size_load *load,
                        uint32_t flux)
{
    return sum_of(costs->decoder_share, load, flux);
}

double vg_size_ground_cores(const struct vg_size_costs *costs, const struct vg_size_load *load,
                            uint32_t flux)
{
    return costs->loop_ms / 1000 * vg_size_rate(load, flux) + costs->other_cores.base +
           costs->other_cores.each * flux;
}

double vg_size_other_cores(const struct vg_size_costs *costs, const struct vg_size_load *load,
                           uint32_t flux)
{
    return vg_size_ground_cores(costs, load, flux) +
           costs->worker_ms / 1000 * vg_size_rate(load, flux);
}

double vg_size_jobs(const struct vg_size_costs *costs)
{
    return fmin(costs->jobs_per_picture, 1);
}

/* ---- telling ---- */

static json_t *real_or_null(double x)
{
    return x >= 0 && isfinite(x) ? json_real(x) : json_null();
}

const char *vg_size_decoders_why(const struct vg_size_costs *costs)
{
    if (costs->why)
        return costs->why;
    return costs->surfaces > 0
               ? N_("how busy decoding hardware was with all of these flux is not known")
               : N_("no decoding hardware was used: its limit is not known");
}

const char *vg_size_board_why(const struct vg_size_costs *costs, const struct vg_size_host *host)
{
    if (host->device == VG_DEVICE_CPU)
        return N_("the device works in the machine's own memory");
    if (costs->why)
        return costs->why;
    return costs->board_bytes.base > 0 || costs->board_bytes.each > 0
               ? NULL
               : N_("what is in use of the device's memory is not known");
}

static json_t *classes_json(const struct vg_size_costs *costs, const struct vg_size_load *load)
{
    json_t *list = json_array();
    const bool hardware = costs->surfaces > 0;
    for (uint32_t c = 0; c < load->profile.class_count; c++) {
        const struct vg_load_class *class = &load->profile.class[c];
        const double cores = costs->decode_cores[c], bits = load->class[c].network_bits;
        const double share = costs->decoder_share[c];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:i, s:i, s:f, s:s?, s:o, s:o, s:o, s:o, s:s?}", "class",
                            class->name, "codec", class->codec, "width", (int)class->width,
                            "height", (int)class->height, "fps", class->fps, "decoder",
                            cores < 0  ? NULL
                            : hardware ? "hardware"
                                       : "software",
                            "core_percent", real_or_null(cores < 0 ? -1 : 100 * cores),
                            "network_mbit", bits > 0 ? json_real(bits / 1e6) : json_null(),
                            "flux_per_core", cores > 0 ? json_real(1 / cores) : json_null(),
                            "ceiling_flux", share > 0 ? json_real(1 / share) : json_null(),
                            "ceiling_why", share > 0 ? NULL : vg_size_decoders_why(costs)));
    }
    return list;
}

double vg_size_usable_share(const struct vg_size_host *host)
{
    return host->device == VG_DEVICE_CPU ? SHARED_WELL : 1;
}

static json_t *device_json(const struct vg_size_costs *costs, const struct vg_size_host *host)
{
    const char *why = vg_size_board_why(costs, host);
    return json_pack("{s:s, s:f, s:f, s:f, s:i, s:f, s:f, s:o, s:o, s:s?}", "status", "measured",
                     "start_ms", costs->batch_ms.base, "job_ms", costs->batch_ms.each, "spread",
                     costs->spread, "batch_max", (int)costs->batch_max, "jobs_per_picture",
                     costs->jobs_per_picture, "cpu_cores", costs->device_cores, "memory_base_mb",
                     real_or_null(why ? -1 : costs->board_bytes.base / 1e6), "memory_mb_per_flux",
                     real_or_null(why ? -1 : costs->board_bytes.each / 1e6), "memory_why", why);
}

json_t *vg_size_costs_json(const struct vg_size_costs *costs, const struct vg_size_load *load,
                           const struct vg_size_host *host)
{
    const bool known = costs->why == NULL;
    const double none = -1;
    return json_pack(
        "{s:s, s:s?, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:o, "
        "s:o, s:o}",
        "status", known ? "measured" : "not_measured", "why", costs->why, "measures",
        (int)costs->measures, "device", known ? device_json(costs, host) : json_null(), "classes",
        classes_json(costs, load), "workers_ms_per_picture",
        real_or_null(known ? costs->worker_ms : none), "loop_ms_per_picture",
        real_or_null(known ? costs->loop_ms : none), "other_cores_base",
        real_or_null(known ? costs->other_cores.base : none), "other_cores_per_flux",
        real_or_null(known ? costs->other_cores.each : none), "memory_base_mb",
        real_or_null(known ? costs->memory_bytes.base / 1e6 : none), "memory_mb_per_flux",
        real_or_null(known ? costs->memory_bytes.each / 1e6 : none), "disk_gb_per_flux_day",
        real_or_null(known && costs->disk_bytes >= 0 ? costs->disk_bytes * 86400 / 1e9 : none),
        "surfaces_per_flux", costs->surfaces > 0 ? json_real(costs->surfaces) : json_null(),
        "cores_here", host->cores, "cores_usable_share",
        real_or_null(host->device == VG_DEVICE_CPU ? vg_size_usable_share(host) : none),
        "foreign_cores", real_or_null(known ? costs->foreign_cores : none), "alert_ms",
        real_or_null(known ? costs->alert_ms : none), "alerts_per_picture",
        real_or_null(known ? costs->alerts_share : none), "rest_ms",
        real_or_null(known && costs->rest_ms > 0 ? costs->rest_ms : none));
}
