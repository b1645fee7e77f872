/* How large persons are in the zones of a calibrated scene, for the net that looks for them: under
 * 25 pixels of its input most are missed (docs/bench.md). Pure, any thread. */
#ifndef VG_SCENE_ZONE_SIZES_H
#define VG_SCENE_ZONE_SIZES_H

#include "src/scene/scene.h"

#define VG_ZONE_LEAST_PX 25
/* A zone is warned of when persons are smaller on more than this part of it: a far edge always
 * is. */
#define VG_ZONE_SMALL_PART 0.1

/* The picture, of which only the shape counts, and the net's input on which it is letterboxed;
 * net 0: not known. */
struct vg_eye {
    double width, height;
    double net_width, net_height;
};

struct vg_zone_sizes {
    bool stood;         /* somebody can stand in it: not all of it is behind the horizon */
    double least, most; /* height of a person, part of the picture's height */
    double least_px;    /* of the net's input; 0: not known */
    double most_px;
    double small_part; /* of the zone, where persons are under VG_ZONE_LEAST_PX; 0: not known */
    double area_m2;    /* 0: not known */
    bool assumed;      /* the area is for an assumed lens */
};

/* false: the scene does not know how tall persons look, or `place` is a line. */
bool vg_zone_sizes(const struct vg_scene *scene, int place, const struct vg_eye *eye,
                   struct vg_zone_sizes *sizes);

/* Zones that the net cannot watch, as vg_scene_warnings. */
uint32_t vg_zone_warnings(const struct vg_scene *scene, const struct vg_eye *eye,
                          struct vg_scene_warning *warnings, uint32_t room);

/* The zone's ground and its persons in a sentence, translated. false: nothing is known. */
bool vg_zone_explain(const struct vg_scene *scene, int place, const struct vg_eye *eye, char *text,
                     size_t size);

#endif
