/* explain.jsonl, as `vigie batch --explain` writes it: what each rule said of each subject, from
 * then on until it says something else; and what it said in a span of time, summed up. Pure but
 * for memory and the file named. */
#ifndef VG_SCORE_WHY_FILE_H
#define VG_SCORE_WHY_FILE_H

#include "src/score/alert_file.h"

#define VG_WHY_NAME_SIZE 32
#define VG_WHY_LINES_MAX 10000000

struct vg_why_said {
    double time_s;
    char rule[VG_RULE_ID_SIZE];
    uint32_t subject; /* a track or a thing, 0: the place as a whole */
    char why[VG_WHY_NAME_SIZE];
    double value; /* what the reason is about: a score, seconds, a count */
};

struct vg_why_file {
    size_t count, room;
    struct vg_why_said *said; /* in the order of the file: by time */
};

/* VG_E_INPUT with line and JSON pointer, VG_E_FULL, VG_E_MEMORY. On a failure close it all the
 * same. Further keys are ignored. */
enum vg_status vg_why_file_parse(struct vg_why_file *file, const char *name, const uint8_t *data,
                                 size_t size, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_why_file_open(const char *path, struct vg_why_file *file,
                                struct vg_fault *fault) VG_MUST_USE;
void vg_why_file_close(struct vg_why_file *file);

/* One reason of one rule within a span. */
struct vg_why_sum {
    char rule[VG_RULE_ID_SIZE];
    char why[VG_WHY_NAME_SIZE];
    size_t times;           /* said */
    uint32_t subjects;      /* how many it was said of, 0: the place as a whole */
    double first_s, last_s; /* when it was said first and last */
    double least, most;     /* of the values */
};

/* What a span is asked about. */
struct vg_why_ask {
    double from_s, to_s; /* ends included; what was said last before from_s counts at from_s, if
                            of a place or not more than VG_WHY_KEPT_S before */
    const char *rule;    /* NULL: all */
    uint32_t subject;    /* 0: all; else it and the place as a whole */
};
#define VG_WHY_KEPT_S 5.0

/* Fills sums, those of a rule together and the most said first; returns how many (at most
 * room: beyond, the least said are left out). VG_E_MEMORY. */
enum vg_status vg_why_file_sum(const struct vg_why_file *file, const struct vg_why_ask *ask,
                               struct vg_why_sum *sums, size_t room, size_t *count) VG_MUST_USE;

#endif
