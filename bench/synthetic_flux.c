#include "bench/synthetic_flux.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/flux_hold.h"
#include "bench/live_server.h"
#include "bench/timed_device.h"
#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/media/owed.h"

#define WIDTH_MAX   1920
#define HEIGHT_MAX  1088
#define BAND_UP     64 /* where something moves, from below */
#define BAND_ROWS   32
#define BLOCK       48
#define SLOTS       4
#define PERIOD_US   (VG_US_PER_S / VG_SYNTHETIC_FPS)
#define INGESTS_MAX ((VG_SYNTHETIC_MAX + VG_SYNTHETIC_PER_INGEST - 1) / VG_SYNTHETIC_PER_INGEST)
#define STEP_US     1000 /* what comes in one is published together */

struct one {
    struct vg_owed owed;
    int64_t grid_us, next_us, last_us; /* the period's beginning, the next picture, the last one */
    uint64_t pictures;
    bool drawn[VG_SLOTS_PER_FLUX_MAX]; /* slots that have the scene */
};

struct place {
    struct vg_slots *slots;
    int slots_fd, ready_fd;
    bool told;
};

struct vg_synthetic {
    struct vg_synthetic_settings settings;
    struct place place[INGESTS_MAX];
    uint32_t places;
    struct one one[VG_SYNTHETIC_MAX];
    struct vg_random random;
    uint8_t *pattern; /* width x height */
    _Atomic int64_t late_us;
    atomic_bool quit;
    pthread_t thread;
    bool running;
};

static uint32_t at(uint32_t number)
{
    return number % VG_SYNTHETIC_PER_INGEST;
}

static struct place *place_of(struct vg_synthetic *s, uint32_t number)
{
    return &s->place[number / VG_SYNTHETIC_PER_INGEST];
}

/* ---- pictures ---- */

/* A scene that stands, drawn once into each slot, with something that moves at its lower edge: the
 * processor is the analysis'. */
static void draw(struct vg_synthetic *s, uint32_t number, const struct vg_slots_room *room)
{
    const struct vg_pixels *to = &room->pixels;
    const uint32_t width = to->width, height = to->height, top = height - BAND_UP;
    const uint64_t step = s->one[number].pictures * 8 % (width - BLOCK);
    const bool whole = !s->one[number].drawn[room->slot % VG_SLOTS_PER_FLUX_MAX];
    const uint32_t first = whole ? 0 : top, end = whole ? height : top + BAND_ROWS;
    for (uint32_t y = first; y < end; y++)
        memcpy(to->luma + (size_t)y * to->luma_stride, s->pattern + (size_t)y * width, width);
    for (uint32_t y = top; y < top + BAND_ROWS; y++)
        memset(to->luma + (size_t)y * to->luma_stride + step, 220, BLOCK);
    for (uint32_t y = 0; whole && y < height / 2; y++)
        memset(to->chroma + (size_t)y * to->chroma_stride, 128, width);
    to->luma[0] = number < s->settings.dear ? VG_TIMED_DEAR : 16;
    s->one[number].drawn[room->slot % VG_SLOTS_PER_FLUX_MAX] = true;
}

static void publish(struct vg_synthetic *s, uint32_t number, const struct vg_picture *about)
{
    struct place *place = place_of(s, number);
    struct vg_slots_room room;
    if (vg_slots_begin(place->slots, at(number), s->settings.width, s->settings.height, &room)) {
        vg_slots_count(place->slots, at(number), VG_FATE_POOL);
        return;
    }
    draw(s, number, &room);
    vg_slots_publish(place->slots, at(number), &room, about);
    place->told = true;
}

/* As ingest takes a decoded picture: wanted, or counted. */
static void bring(struct vg_synthetic *s, uint32_t number, int64_t arrival_us)
{
    struct one *one = &s->one[number];
    struct vg_slots *slots = place_of(s, number)->slots;
    const bool wanted = vg_slots_wanted_us(slots, at(number)) <= arrival_us;
    const bool missed = vg_owed_picture(&one->owed, vg_slots_owed_us(slots, at(number)),
                                        one->last_us ? arrival_us - one->last_us : 0,
                                        wanted ? VG_OWED_ASKED : VG_OWED_NOT_ASKED);
    struct vg_picture about = {.matrix = VG_MATRIX_BT601,
                               .range = VG_RANGE_LIMITED,
                               .media = {(int64_t)one->pictures * PERIOD_US},
                               .arrival = {arrival_us},
                               .wall = vg_wall_now()};
    about.sequence = vg_slots_count_decoded(slots, at(number), about.arrival);
    one->last_us = arrival_us;
    one->pictures++;
    if (wanted)
        publish(s, number, &about);
    else
        vg_slots_count(slots, at(number), missed ? VG_FATE_OVERLOAD : VG_FATE_RATE);
}

/* ---- the thread ---- */

static void plan_next(struct vg_synthetic *s, struct one *one)
{
    const uint32_t jitter_us = (uint32_t)s->settings.jitter_us;
    one->grid_us += PERIOD_US;
    one->next_us = one->grid_us + (jitter_us ? (int64_t)vg_random_below(&s->random, jitter_us) : 0);
}

static void step(struct vg_synthetic *s)
{
    for (uint32_t i = 0; i < s->settings.count; i++) {
        struct one *one = &s->one[i];
        int64_t now_us = vg_mono_now().us;
        for (; one->next_us <= now_us; now_us = vg_mono_now().us) {
            const int64_t late_us = now_us - one->next_us;
            if (late_us > atomic_load_explicit(&s->late_us, memory_order_relaxed))
                atomic_store_explicit(&s->late_us, late_us, memory_order_relaxed);
            bring(s, i, one->next_us - s->settings.decode_us);
            plan_next(s, one);
        }
    }
    for (uint32_t p = 0; p < s->places; p++) {
        const uint64_t count = 1;
        if (s->place[p].told && write(s->place[p].ready_fd, &count, sizeof count) > 0)
            s->place[p].told = false;
    }
}

static void *synthetic_main(void *user)
{
    struct vg_synthetic *s = user;
    vg_alloc_seal();
    while (!atomic_load_explicit(&s->quit, memory_order_relaxed)) {
        step(s);
        vg_pause_us(STEP_US);
    }
    return NULL;
}

enum vg_status vg_synthetic_start(struct vg_synthetic *flux, struct vg_fault *fault)
{
    const int64_t now_us = vg_mono_now().us;
    for (uint32_t i = 0; i < flux->settings.count; i++) {
        flux->one[i].grid_us = now_us + (int64_t)(vg_live_server_phase(i) * PERIOD_US) - PERIOD_US;
        plan_next(flux, &flux->one[i]);
    }
    flux->running = pthread_create(&flux->thread, NULL, synthetic_main, flux) == 0;
    return flux->running ? VG_OK
                         : vg_fault_set(fault, VG_E_LACK, N_("a thread could not be started"), NULL,
                                        "bench scheduler");
}

void vg_synthetic_stop(struct vg_synthetic *flux)
{
    atomic_store_explicit(&flux->quit, true, memory_order_relaxed);
    if (flux->running)
        (void)pthread_join(flux->thread, NULL);
    flux->running = false;
    for (uint32_t i = 0; i < flux->settings.count; i++)
        vg_slots_withdraw(place_of(flux, i)->slots, at(i), VG_FATE_SHUTDOWN);
}

/* ---- life ---- */

static enum vg_status open_place(struct place *place, const struct vg_synthetic_settings *asked,
                                 struct vg_fault *fault)
{
    const struct vg_slots_settings settings = {.flux_max = VG_SYNTHETIC_PER_INGEST,
                                               .slots_per_flux = SLOTS,
                                               .width_max = asked->width,
                                               .height_max = asked->height};
    const enum vg_status status = vg_slots_create(&settings, &place->slots_fd, fault);
    if (status)
        return status;
    place->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (place->ready_fd < 0)
        return vg_fault_set(fault, VG_E_LACK, N_("no memory left"), NULL, "eventfd");
    return vg_slots_open(&place->slots, place->slots_fd, fault);
}

static void assign(struct vg_synthetic *s, uint32_t number)
{
    struct vg_slots *slots = place_of(s, number)->slots;
    char id[VG_SERVER_ID_SIZE];
    vg_hold_flux_name(number, id);
    vg_slots_assign(slots, at(number), vg_slots_tag(id));
    vg_slots_set_format(slots, at(number), s->settings.width, s->settings.height,
                        VG_SYNTHETIC_FPS * 1000);
    vg_slots_set_figure(slots, at(number), VG_FIGURE_INPUT_RATE, VG_SYNTHETIC_FPS * 1000);
    vg_slots_set_connection(slots, at(number), VG_CONNECTION_LIVE, VG_OK);
}

/* Smooth light with a grain: what looks at the view finds a picture. */
static void draw_pattern(struct vg_synthetic *s)
{
    const uint32_t width = s->settings.width, height = s->settings.height;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            s->pattern[(size_t)y * width + x] =
                (uint8_t)(60 + x * 60 / width + (x * 11 / width + y * 12 / height) % 2 * 40 +
                          vg_random_below(&s->random, 9));
}

static bool side_holds(uint32_t side, uint32_t most)
{
    return side >= VG_SYNTHETIC_LEAST && side <= most && side % 2 == 0;
}

static bool holds(const struct vg_synthetic_settings *s)
{
    return s->count >= 1 && s->count <= VG_SYNTHETIC_MAX && s->jitter_us >= 0 &&
           s->jitter_us < PERIOD_US && side_holds(s->width, WIDTH_MAX) &&
           side_holds(s->height, HEIGHT_MAX);
}

enum vg_status vg_synthetic_open(struct vg_synthetic **flux,
                                 const struct vg_synthetic_settings *settings,
                                 struct vg_fault *fault)
{
    *flux = NULL;
    if (!holds(settings))
        return vg_fault_set(fault, VG_E_CALL, N_("no such synthetic flux"),
                            N_("pictures are even, 96x96 to 1920x1088"), "%ux%u", settings->width,
                            settings->height);
    struct vg_synthetic *s = vg_alloc(sizeof *s);
    if (s)
        s->pattern = vg_alloc((size_t)settings->width * settings->height);
    if (!s || !s->pattern) {
        vg_free(s);
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench scheduler");
    }
    s->settings = *settings;
    vg_random_seed(&s->random, settings->seed);
    draw_pattern(s);
    s->places = (settings->count + VG_SYNTHETIC_PER_INGEST - 1) / VG_SYNTHETIC_PER_INGEST;
    for (uint32_t p = 0; p < INGESTS_MAX; p++)
        s->place[p].slots_fd = s->place[p].ready_fd = -1;
    enum vg_status status = VG_OK;
    for (uint32_t p = 0; p < s->places && !status; p++)
        status = open_place(&s->place[p], settings, fault);
    for (uint32_t i = 0; i < settings->count && !status; i++)
        assign(s, i);
    *flux = s;
    if (status)
        vg_synthetic_close(flux);
    return status;
}

void vg_synthetic_close(struct vg_synthetic **flux)
{
    struct vg_synthetic *s = *flux;
    if (!s)
        return;
    if (s->running)
        vg_synthetic_stop(s);
    for (uint32_t p = 0; p < INGESTS_MAX; p++) {
        vg_slots_close(&s->place[p].slots);
        if (s->place[p].slots_fd >= 0)
            (void)close(s->place[p].slots_fd);
        if (s->place[p].ready_fd >= 0)
            (void)close(s->place[p].ready_fd);
    }
    vg_free(s->pattern);
    vg_free(s);
    *flux = NULL;
}

uint32_t vg_synthetic_ingests(const struct vg_synthetic *flux)
{
    return flux->places;
}

int vg_synthetic_slots_fd(const struct vg_synthetic *flux, uint32_t ingest)
{
    return flux->place[ingest].slots_fd;
}

int vg_synthetic_ready_fd(const struct vg_synthetic *flux, uint32_t ingest)
{
    return flux->place[ingest].ready_fd;
}

void vg_synthetic_state(const struct vg_synthetic *flux, uint32_t number,
                        struct vg_slots_state *state)
{
    vg_slots_state(flux->place[number / VG_SYNTHETIC_PER_INGEST].slots, at(number), state);
}

int64_t vg_synthetic_late_us(struct vg_synthetic *flux)
{
    return atomic_exchange_explicit(&flux->late_us, 0, memory_order_relaxed);
}
