/* EVT8: a fire that breaks out. */
#ifndef VG_EVENTS_FIRE_H
#define VG_EVENTS_FIRE_H

#include "src/events/thing.h"
#include "src/events/watch.h"

#define VG_FLAMES_MAX        24
#define VG_FLAME_MOMENTS_MAX 64

/* What was seen at a place in one picture. Map pixels; 0 area: nothing that could be a flame. */
struct vg_flame_moment {
    int64_t time_us;
    uint32_t area;       /* pixels of a flame's colour */
    double light;        /* sum of their luma above black */
    double x, y;         /* their middle */
    int32_t top, bottom; /* first and last row */
    double fresh;        /* share of them that the long background has not */
    double core, rim;    /* mean luma of the brightest quarter, and of the rest */
    bool over;           /* a person or a vehicle has its box over it */
};

struct vg_flame {
    uint32_t number; /* 0: free */
    struct vg_span span;
    int64_t born_us, seen_us;
    uint32_t first, count; /* circular */
    struct vg_flame_moment moment[VG_FLAME_MOMENTS_MAX];
};

/* Fire or smoke as a model of these classes finds it. */
struct vg_fire_found {
    uint32_t looks; /* a bit for each of the last pictures, the last one lowest: found */
    struct vg_box box;
    enum vg_class class_id;
    float score;
};

struct vg_flames {
    struct vg_fire_found found;
    uint32_t numbers;
    uint32_t width, height;     /* of the maps */
    int64_t last_us, learnt_us; /* of the last picture; of its maps */
    int64_t restless_us;        /* when most of the view last flickered */
    uint32_t fire;              /* number of the one that held last; 0: none */
    int64_t held_us;            /* when */
    struct vg_flame flame[VG_FLAMES_MAX];
    struct vg_blobs blobs;
};

void vg_fire_watch(const struct vg_watch *watch);

#endif
