/* What is asked of admission, made of two things: what the analysis measured of this machine, as it
 * publishes it (vigie:capacity:NODE), and what the configuration wants. Pure but for the reader,
 * which takes memory.
 *
 *   { "devices": [ { "start_us": 900, "job_us": 24000, "batch_max": 8, "last": false,
 *                    "cores_milli": 1900, "had_milli": 1700 } ],
 *     "host": { "cores_milli": 2000, "rest_milli": 80, "workers": 1, "decode_us": 1700,
 *               "follow_us": 900 },
 *     "flux": [ { "id": "cam-1", "jobs_milli": 1000, "source_milli": 25000, "decode_us": 1700 } ] }
 *
 * No device: nothing was measured yet, and nothing can be said. A batch of n jobs takes start + n x
 * job; a picture of the flux takes so many thousandths of a job; its source gives so many thousandths
 * of a picture a second, 0: not known, and decoding each takes so long of a processor, 0: not known.
 *
 * A device that is the processor can use so many thousandths of a core, and had so many while its
 * line was measured (0: a board of its own). The host has cores that decoders, workers and such a
 * device share, less the rest; no host, or none of which a picture was decoded: nothing can be said. */
#ifndef VG_FORECAST_ADMISSION_MODEL_H
#define VG_FORECAST_ADMISSION_MODEL_H

#include "scheduler/forecast/admission.h"
#include "src/base/text_buffer.h"

#define VG_ADMISSION_ID_SIZE   64
#define VG_ADMISSION_MODEL_MAX 512        /* flux */
#define VG_ADMISSION_TEXT_MAX  (1u << 17) /* bytes */
#define VG_ADMISSION_JOBS_MAX  1000000    /* thousandths */
#define VG_ADMISSION_CORES_MAX 4096000    /* thousandths */

#define VG_ADMISSION_PICTURE_US_MAX 10000000 /* to decode it, or to follow it */

struct vg_admission_known {
    char id[VG_ADMISSION_ID_SIZE];
    uint32_t jobs_milli, source_milli;
    uint32_t decode_us; /* 0: not known */
};

/* The machine around the devices, as it was over about half a minute. */
struct vg_admission_host {
    uint32_t cores_milli; /* 0: not known */
    uint32_t rest_milli;  /* of them, for what is neither decoder, worker nor device */
    uint32_t workers;
    uint32_t decode_us; /* of a picture, in the mean of all flux; 0: none was decoded yet */
    uint32_t follow_us; /* of a picture, by its worker */
};

/* Large: on the heap. */
struct vg_admission_model {
    uint32_t device_count, flux_count;
    struct vg_sim_device device[VG_DEVICES_MAX]; /* as measured, beside what else ran */
    uint32_t had_milli[VG_DEVICES_MAX];          /* of their cores_milli meanwhile */
    struct vg_admission_host host;
    struct vg_admission_known flux[VG_ADMISSION_MODEL_MAX];
};

/* Reads the text above; it comes from another process. VG_E_INPUT, VG_E_FULL: *model is then of no
 * use. */
enum vg_status vg_admission_model_read(const char *text, size_t size,
                                       struct vg_admission_model *model,
                                       struct vg_fault *fault) VG_MUST_USE;

/* Writes it; nothing is allocated. What finds no room is left out whole (text->left_out), and so is
 * a flux whose id would have to be quoted. */
void vg_admission_model_write(const struct vg_admission_model *model, struct vg_text_buffer *text);

/* What a flux that is active wants. */
struct vg_admission_wish {
    const char *id; /* borrowed */
    double rate_fps;
    double floor_fps;  /* of its rules; 0: none */
    uint32_t priority; /* 0 first .. 9 last */
};

/* Whether nobody can be worse off by the change. */
bool vg_admission_less(const struct vg_admission_wish *before,
                       const struct vg_admission_wish *after);

/* Large: on the heap. The ask points into it. */
struct vg_admission_plan {
    struct vg_sim_flux flux[VG_SIM_FLUX_MAX];
    struct vg_sim_device device[VG_DEVICES_MAX];
    struct vg_admission_ask ask;
    bool decode_assumed; /* of the asked flux: what decoding takes is the mean of the others */
};

/* The site: the wishes of all active flux, in their order. asked: as it is to be; one of the same id
 * is replaced by it. VG_E_STATE: nothing was measured yet of the devices, or of the cores;
 * VG_E_FULL: too many flux. */
enum vg_status vg_admission_plan(const struct vg_admission_model *model,
                                 const struct vg_admission_wish *wish, uint32_t count,
                                 const struct vg_admission_wish *asked,
                                 struct vg_admission_plan *plan,
                                 struct vg_fault *fault) VG_MUST_USE;

/* What a picture of that flux is declared with, thousandths of a job: what it was measured to take, a
 * whole job at least. One of a scene that is still at the moment takes less (decide_gate.h), and must
 * not be costly when something moves. */
uint32_t vg_admission_declare(const struct vg_admission_model *model, const char *id);

#endif
