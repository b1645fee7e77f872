/* What the figures of a source mean for its analysis: a verdict, and each reason with what to ask
 * of whoever sets the camera. A table of rules; pure. */
#ifndef VG_MEDIA_PROBE_VERDICT_H
#define VG_MEDIA_PROBE_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "src/media/probe.h"

enum vg_verdict {
    VG_VERDICT_COMPATIBLE,
    VG_VERDICT_DEGRADED,    /* it can be analysed, some of it less well */
    VG_VERDICT_INCOMPATIBLE /* it cannot */
};
const char *vg_verdict_name(enum vg_verdict verdict); /* "compatible"; for machines */
const char *vg_verdict_text(enum vg_verdict verdict); /* msgid */

/* Persons seen on the way, by the caller's detector. */
struct vg_probe_persons {
    uint32_t looks;           /* pictures looked at; 0: nobody looked */
    uint32_t seen;            /* persons, in all of them */
    double height_px;         /* median, of the picture */
    double height_network_px; /* the same at the net's input */
};

struct vg_verdict_reason {
    const char *code;       /* stable: "small_picture"; docs/diagnostic.md has them all */
    const char *what;       /* msgid */
    const char *remedy;     /* msgid; NULL: none is needed */
    char figure[48];        /* with its unit; "": none */
    enum vg_verdict weight; /* COMPATIBLE: a remark */
};

#define VG_VERDICT_REASONS_MAX 24

struct vg_probe_verdict {
    enum vg_verdict verdict; /* the heaviest reason's */
    size_t count;
    struct vg_verdict_reason reason[VG_VERDICT_REASONS_MAX];
};

/* persons may be NULL. */
void vg_probe_judge(const struct vg_probe_figures *figures, const struct vg_probe_persons *persons,
                    struct vg_probe_verdict *verdict);

#endif
