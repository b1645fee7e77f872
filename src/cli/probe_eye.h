/* The detector that measures how high persons are in the pictures of a probe. One thread. */
#ifndef VG_CLI_PROBE_EYE_H
#define VG_CLI_PROBE_EYE_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/picture.h"
#include "src/media/probe_verdict.h"

#define VG_PROBE_HEIGHTS_MAX 4096

/* What was seen of one source. */
struct vg_probe_heights {
    uint32_t looks, count;
    double scale; /* pixels of the net's input for one of the picture */
    double px[VG_PROBE_HEIGHTS_MAX];
};

/* The median of them; sorts them. */
struct vg_probe_persons vg_probe_persons_of(struct vg_probe_heights *heights);

struct vg_probe_eye;

/* model, device: borrowed until close; device NULL: the default one. Opens the model alone, the
 * device at the first look. What vg_model_find says, VG_E_MEMORY. */
enum vg_status vg_probe_eye_open(struct vg_probe_eye **eye, const char *model, const char *device,
                                 struct vg_fault *fault) VG_MUST_USE;
void vg_probe_eye_close(struct vg_probe_eye **eye);

/* Adds what it sees. A device that fails is told once on stderr; from then on it sees nothing. */
void vg_probe_eye_look(struct vg_probe_eye *eye, const struct vg_picture *picture,
                       struct vg_probe_heights *heights);

#endif
