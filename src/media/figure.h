/* Figures of a flux that ingest alone knows: how its packets come, how they are decoded. One table
 * names them all; they cross to analysis in the slots' memory, and from there stand in the flux's
 * live state and in the metrics. */
#ifndef VG_MEDIA_FIGURE_H
#define VG_MEDIA_FIGURE_H

#include <stddef.h>
#include <stdint.h>

enum vg_figure {
    VG_FIGURE_TRANSPORT,    /* enum vg_transport */
    VG_FIGURE_ENCRYPTED,    /* 0, 1 */
    VG_FIGURE_PACKETS,      /* of the network, in this session */
    VG_FIGURE_LOST,         /* of them, never come */
    VG_FIGURE_JITTER,       /* microseconds, RFC 3550 */
    VG_FIGURE_INPUT_RATE,   /* pictures received a second, thousandths, measured */
    VG_FIGURE_KEY_INTERVAL, /* pictures from one key frame to the next */
    VG_FIGURE_DECODER,      /* enum vg_decode_step */
    VG_FIGURE_FALL_CAUSE,   /* enum vg_ladder_cause */
    VG_FIGURE_FALLS,        /* of the decoder, one step down the ladder */
    VG_FIGURE_RISES,
    VG_FIGURE_DECODE_TIME, /* microseconds of a processor */
    VG_FIGURE_PASSED, /* pictures that were never given to the decoder: keys alone, before a key */
    VG_FIGURE_SURFACES, /* of the hardware decoder */
    VG_FIGURE_MEMORY,   /* bytes: surfaces, ring of packets */
    VG_FIGURE_SHOWN,    /* so many; those that follow are not */
    /* what one ingest process leaves to the next (struct vg_ladder_record) */
    VG_FIGURE_BARRED_UNTIL = VG_FIGURE_SHOWN,
    VG_FIGURE_HANGS,
    /* the last file that was finished of a watched folder (struct vg_folder_mark) */
    VG_FIGURE_FOLDER,
    VG_FIGURE_FOLDER_TIME,
    VG_FIGURE_FOLDER_NAME,
    VG_FIGURE_COUNT
};

enum vg_figure_kind {
    VG_FIGURE_GAUGE,
    VG_FIGURE_COUNTER,
    VG_FIGURE_WORD, /* one of `words` */
    VG_FIGURE_FLAG
};

struct vg_figure_row {
    const char *name;   /* in the flux's state: "input_fps"; NULL: not shown */
    const char *metric; /* without "vigie_flux_"; NULL: none */
    enum vg_figure_kind kind;
    double scale;             /* value as shown = figure * scale */
    const char *const *words; /* of a word */
    size_t words_count;
};

/* Static; never NULL. */
const struct vg_figure_row *vg_figure_row(enum vg_figure figure);

/* The word of a figure; "unknown" beyond the table (what crosses is not trusted). */
const char *vg_figure_word(const struct vg_figure_row *row, int64_t value);

#endif
