/* Pictures are taken as they come: files, those of a folder by name, and of a clip some that lie
 * evenly. More than are of use are passed over evenly, too. */
#include "src/cli/model_quantize.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "models/model_cost.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/progress.h"
#include "src/base/text.h"
#include "src/cli/media_names.h"
#include "src/cli/options.h"
#include "src/engine/quantiser.h"
#include "src/media/clip.h"
#include "src/media/still.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    FILES_MAX = 4096,
    PICTURES_MAX = 256, /* beyond, the ranges hardly change */
    CLIP_PICTURES = 32, /* of one clip, whose pictures are much alike */
    CLIP_STEP = 25      /* from one to the next where a clip does not say how many it has */
};

struct request {
    const char *model, *out, *size, *device;
    unsigned width, height;
    uint32_t file_count;
    char *file[FILES_MAX]; /* owned */
};

/* ------------------------------------------------------------ files */

static enum vg_status add_file(struct request *r, const char *path, struct vg_fault *fault)
{
    if (r->file_count == FILES_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("too many files"), N_("give fewer"), "%d",
                            FILES_MAX);
    r->file[r->file_count] = vg_alloc_text(path);
    if (!r->file[r->file_count])
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    r->file_count++;
    return VG_OK;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_media(const struct dirent *entry)
{
    return vg_is_picture_name(entry->d_name) || vg_is_clip_name(entry->d_name);
}

static enum vg_status add_folder(struct request *r, const char *path, struct vg_fault *fault)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, is_media, by_name);
    enum vg_status status = VG_OK;
    if (count < 0)
        return vg_fault_set(fault, VG_E_IO, N_("the folder cannot be read"),
                            N_("check its rights and its disk"), "%s", path);
    for (int i = 0; i < count; i++) {
        char file[4096];
        if (!status && !vg_path_join(file, sizeof file, path, entries[i]->d_name))
            status = add_file(r, file, fault);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static enum vg_status gather(struct request *r, char **operands, int count, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    for (int i = 0; i < count && !status; i++)
        status = vg_folder_exists(operands[i]) ? add_folder(r, operands[i], fault)
                                               : add_file(r, operands[i], fault);
    return status;
}

/* ------------------------------------------------------------ pictures */

static enum vg_status take_still(struct vg_quantiser *quantiser, const char *path,
                                 struct vg_fault *fault)
{
    struct vg_still *still = NULL;
    enum vg_status status = vg_still_read(path, &still, fault);
    if (!status)
        status = vg_quantiser_add(quantiser, vg_still_picture(still), fault);
    vg_still_close(&still);
    return status;
}

/* The picture that was just decoded. */
static enum vg_status take_decoded(struct vg_quantiser *quantiser, struct vg_clip *clip,
                                   const struct vg_clip_picture *about, struct vg_fault *fault)
{
    struct vg_picture picture;
    uint8_t *memory = vg_alloc(vg_pixels_bytes(about->width, about->height));
    if (!memory)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u x %u", about->width,
                            about->height);
    const struct vg_pixels pixels = vg_pixels_over(memory, about->width, about->height);
    enum vg_status status = VG_OK;
    if (!vg_clip_convert(clip, &pixels, &picture)) /* one that cannot be converted is passed over */
        status = vg_quantiser_add(quantiser, &picture, fault);
    vg_free(memory);
    return status;
}

/* A clip is read as far as it goes: a cut one gives what it has. */
static enum vg_status take_clip(struct vg_quantiser *quantiser, const char *path,
                                struct vg_fault *fault)
{
    struct vg_clip *clip = NULL;
    struct vg_clip_picture about;
    uint32_t taken = 0;
    enum vg_status status = vg_clip_open(&clip, path, fault);
    const uint64_t all = status ? 0 : vg_clip_about(clip).pictures;
    const uint64_t each = !all ? CLIP_STEP : all > CLIP_PICTURES ? all / CLIP_PICTURES : 1;
    while (!status && taken < CLIP_PICTURES && !vg_clip_next(clip, &about, NULL)) {
        if (about.corrupt || about.sequence % each)
            continue;
        status = take_decoded(quantiser, clip, &about, fault);
        taken++;
    }
    vg_clip_close(&clip);
    return status;
}

static enum vg_status take_all(struct request *r, struct vg_quantiser *quantiser,
                               struct vg_fault *fault)
{
    struct vg_progress progress;
    enum vg_status status = VG_OK;
    const uint32_t each = (r->file_count + PICTURES_MAX - 1) / PICTURES_MAX;
    vg_progress_init(&progress, stderr);
    for (uint32_t i = 0; i < r->file_count && !status; i += each) {
        vg_progress_show(&progress, _("pictures"), i, r->file_count);
        status = vg_is_clip_name(r->file[i]) ? take_clip(quantiser, r->file[i], fault)
                                             : take_still(quantiser, r->file[i], fault);
    }
    vg_progress_end(&progress, _("pictures"), status ? 0 : r->file_count, r->file_count);
    return status;
}

/* ------------------------------------------------------------ the whole */

/* The new model's name, a part of its file's: before anything is worked out. */
static enum vg_status name_model(const struct request *r, struct vg_model *model, char *path,
                                 size_t size, struct vg_fault *fault)
{
    char name[VG_MODEL_NAME_SIZE + 8];
    (void)snprintf(name, sizeof name, "%s-int8", model->name);
    const char *wanted = r->out ? r->out : name;
    const enum vg_status status = vg_model_path(wanted, path, size, fault);
    if (status)
        return status;
    if (strlen(wanted) >= VG_MODEL_NAME_SIZE || strchr(wanted, '/'))
        return vg_fault_set(fault, VG_E_CALL, N_("this is no name for a model"),
                            N_("give a shorter one with --out, without a folder"), "%.400s",
                            wanted);
    if (vg_file_exists(path))
        return vg_fault_set(fault, VG_E_EXISTS, N_("another model has this name"),
                            N_("remove it first, or give a name with --out"), "%.400s", path);
    (void)snprintf(model->name, sizeof model->name, "%s", wanted);
    return VG_OK;
}

static void say_result(const struct vg_model *model, const char *path)
{
    const struct vg_model_cost cost =
        vg_model_cost_of(model, model->input_width, model->input_height);
    (void)printf(_("%s written: %s (%u of %u convolutions in 8 bits)\n"), model->name, path,
                 cost.convolutions_int8, cost.convolutions);
}

static enum vg_status quantize(struct request *r, struct vg_fault *fault)
{
    struct vg_quantiser_settings settings = vg_quantiser_defaults();
    struct vg_model *model = NULL;
    struct vg_quantiser *quantiser = NULL;
    char path[4096];
    settings.device = r->device;
    settings.width = r->width;
    settings.height = r->height;
    enum vg_status status = vg_model_find(r->model, &model, fault);
    if (!status)
        status = name_model(r, model, path, sizeof path, fault);
    if (!status)
        status = vg_quantiser_open(&quantiser, model, &settings, fault);
    if (!status)
        status = take_all(r, quantiser, fault);
    if (!status)
        status = vg_quantiser_finish(quantiser, fault);
    if (!status)
        status = vg_model_save(model, path, fault);
    if (!status)
        say_result(model, path);
    vg_quantiser_close(&quantiser);
    vg_model_close(&model);
    return status;
}

enum vg_status vg_model_quantize(int argc, char **argv, struct vg_fault *fault)
{
    struct request *r = vg_alloc(sizeof *r);
    if (!r)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "quantize");
    const struct vg_option options[] = {
        {"model", "M", N_("name or file of the model"), &r->model, NULL},
        {"out", "NAME", N_("the new model's name; without it the model's and -int8"), &r->out,
         NULL},
        {"size", "WxH", N_("of the net's input; without it the model's"), &r->size, NULL},
        {"device", "D", N_("device to run on: number, cpu, gpu or a part of its name"), &r->device,
         NULL},
    };
    const struct vg_usage usage = {"model quantize", "PICTURE|FOLDER|CLIP...",
                                   N_("makes the 8-bit form of a model from pictures"), options,
                                   COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && !r->model)
        status = vg_fault_set(fault, VG_E_CALL, N_("a model is wanted"), N_("see vigie help"),
                              "vigie %s --model M", usage.command);
    if (!status && count == 0)
        status = vg_fault_set(fault, VG_E_CALL, N_("pictures are wanted"),
                              N_("give pictures of the cameras that the net will see"),
                              "vigie %s --model M %s", usage.command, usage.operands);
    if (!status && r->size)
        status = vg_option_size("size", r->size, &r->width, &r->height, fault);
    if (!status)
        status = gather(r, argv + 1, count, fault);
    if (!status)
        status = quantize(r, fault);
    for (uint32_t i = 0; i < r->file_count; i++)
        vg_free(r->file[i]);
    vg_free(r);
    return status;
}
