/* How far a watched folder was played: the last file that was finished. Ingest writes no file, so it
 * leaves the mark in the figures of the slots; analysis keeps them in DATA/state/ID.folder, and
 * ingest reads that when it opens the folder anew. */
#ifndef VG_MEDIA_FOLDER_MARK_H
#define VG_MEDIA_FOLDER_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/media/figure.h"

#define VG_FOLDER_MARK_BYTES 128 /* of its text */

/* Zeroed: nothing was played. Names are numbers (vg_folder_mark_name), as figures are. */
struct vg_folder_mark {
    int64_t folder;     /* of the flux's address: another folder, or another flux, begins anew */
    int64_t changed_ns; /* when the file was last written */
    int64_t name;       /* of the file, without its folder */
};

/* 1 to INT64_MAX. Pure. */
int64_t vg_folder_mark_name(const char *name);

/* A folder as a flux watches it: one that is removed and added again, with the same name and the same
 * folder, is another flux, and so is one whose address was changed and changed back. source: of its
 * address, grows with each of those; 0: not known. 1 to INT64_MAX. Pure. */
int64_t vg_folder_mark_watch(const char *path, uint64_t source);

/* The mark out of a flux's figures; zeroed: there is none, or none that makes sense. */
struct vg_folder_mark vg_folder_mark_of(const int64_t figure[VG_FIGURE_COUNT]);

/* The newer of two marks of this folder; one of another folder does not count. */
struct vg_folder_mark vg_folder_mark_newer(struct vg_folder_mark a, struct vg_folder_mark b,
                                           int64_t folder);
bool vg_folder_mark_same(struct vg_folder_mark a, struct vg_folder_mark b);

/* As text, and back. Pure. VG_E_INPUT. */
size_t vg_folder_mark_write(struct vg_folder_mark mark, char text[VG_FOLDER_MARK_BYTES]);
enum vg_status vg_folder_mark_parse(const char *text, size_t size,
                                    struct vg_folder_mark *mark) VG_MUST_USE;

/* DATA/state/ID.folder. VG_E_CALL: too long. */
enum vg_status vg_folder_mark_path(const char *data, const char *id, char *path,
                                   size_t size) VG_MUST_USE;

#endif
