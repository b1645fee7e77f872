/* The classes of a net: its own words in the order of its channels, and which of them become
 * ours. They stand in a descriptor, or in a list by name that many nets share
 * (models/class_lists/NAME.json, embedded in the program). */
#ifndef VG_MODELS_CLASS_LIST_H
#define VG_MODELS_CLASS_LIST_H

#include "models/model.h"
#include "src/base/json.h"

#define VG_CLASS_LIST_COCO "coco-80"

/* Reads from the document's top into class_count, class_name and class_map of the model:
 *
 *   classes    a list of words, or the name of an embedded list
 *   map        word -> one of our classes, or null: dropped. Every word of the list stands in it;
 *              a list by name has its own
 *
 * VG_E_INPUT with the place, also for a class that names what the product must never detect. */
enum vg_status vg_class_list_read(const struct vg_json *json, struct vg_model *model) VG_MUST_USE;

/* The embedded list of this name. VG_E_MISSING (fault untouched) when there is none;
 * VG_E_MEMORY. */
enum vg_status vg_class_list_known(const char *name, struct vg_model *model,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
