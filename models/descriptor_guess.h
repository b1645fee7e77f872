/* A descriptor for a file of which only the kind of head and its sizes could be recognised: the
 * input is prepared as the authors of that head do, and 80 classes are taken for those of COCO.
 * Licence and origin cannot be guessed: they are said to be unknown, with the file's name. */
#ifndef VG_MODELS_DESCRIPTOR_GUESS_H
#define VG_MODELS_DESCRIPTOR_GUESS_H

#include "models/descriptor.h"

/* What the importer saw. */
struct vg_descriptor_signs {
    enum vg_head head;
    uint32_t class_count;
    uint32_t bins;          /* NanoDet heads; else 0 */
    uint32_t width, height; /* of the input */
    uint32_t multiple;      /* as in struct vg_model */
};

/* path: of the file; its name without folder and ending becomes the model's, what a name cannot
 * hold becomes '-'. Outputs are as the file has them: output_count is 0. *descriptor given;
 * vg_descriptor_close it. VG_E_INPUT: another number of classes than 80, which only a person can
 * name and map. VG_E_MEMORY. */
enum vg_status vg_descriptor_guess(const char *path, const struct vg_descriptor_signs *signs,
                                   struct vg_descriptor **descriptor,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
