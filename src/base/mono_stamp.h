/* A monotonic time as text, for another process of this machine that may read it after a restart of
 * the machine. There that clock has begun anew and the number means nothing: the text carries which
 * boot it is of, and a time of another boot is not known. What is carried is a hash of the kernel's
 * random number of the boot, to be compared and nothing else: it tells no machine. */
#ifndef VG_BASE_MONO_STAMP_H
#define VG_BASE_MONO_STAMP_H

#include "src/base/clock.h"

#define VG_BOOT_FILE       "/proc/sys/kernel/random/boot_id"
#define VG_BOOT_MARK_SIZE  17 /* with its end */
#define VG_MONO_STAMP_SIZE 40

struct vg_boot_mark {
    char text[VG_BOOT_MARK_SIZE]; /* "": not known */
};

/* Of that file of the kernel; reads it, and allocates nothing. */
struct vg_boot_mark vg_boot_mark_read(const char *file);

/* "" for a time that is not known (0), or of a boot that is not. */
void vg_mono_stamp(struct vg_mono_time time, const struct vg_boot_mark *boot,
                   char text[VG_MONO_STAMP_SIZE]);

/* 0, not known: of another boot, or no such text. */
struct vg_mono_time vg_mono_stamp_read(const char *text, const struct vg_boot_mark *boot);

#endif
