#include "src/cli/bench_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/sizing_compare.h"
#include "bench/sizing_page.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/cli/options.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RESULT_MAX   (8u << 20) /* bytes; one of 32 measures has some 60,000 */

enum vg_status vg_bench_report_write(const char *path, const json_t *result, const json_t *other,
                                     struct vg_fault *fault)
{
    char *text = NULL;
    size_t size = 0;
    enum vg_status status = other ? vg_sizing_comparable(result, other, fault) : VG_OK;
    FILE *page = status ? NULL : open_memstream(&text, &size);
    if (status)
        return status;
    bool whole = page != NULL;
    if (page) {
        vg_sizing_page_write(page, result, other);
        whole = ferror(page) == 0;
        whole = fclose(page) == 0 && whole;
    }
    if (!whole)
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%.200s", path);
    else
        status = vg_file_write(path, text, size, 0644, VG_FILE_PLAIN, fault);
    free(text);
    return status;
}

/* A kept file, read with its limits. The text has to live as long as the document. */
struct kept {
    uint8_t *text;
    struct vg_json json;
};

static enum vg_status keep(struct kept *kept, const char *path, struct vg_fault *fault)
{
    size_t size = 0;
    enum vg_status status = vg_file_read(path, RESULT_MAX, &kept->text, &size, fault);
    if (!status)
        status = vg_json_open(&kept->json, path, (const char *)kept->text, size, RESULT_MAX, fault);
    if (!status && !json_is_array(json_object_get(kept->json.root, "tiers")))
        status = vg_json_refuse(&kept->json, "/tiers", N_("this is no result of bench sizing"),
                                N_("give what bench sizing --json printed"));
    return status;
}

static void let_go(struct kept *kept)
{
    vg_json_close(&kept->json);
    vg_free(kept->text);
}

enum vg_status vg_bench_report(int argc, char **argv, struct vg_fault *fault)
{
    const char *against = NULL, *page = NULL;
    struct kept result = {.text = NULL}, other = {.text = NULL};
    const struct vg_option options[] = {
        {"against", "FILE", N_("another result of the same profile, to stand beside"), &against,
         NULL},
        {"report", "FILE", N_("the page to write, HTML of its own"), &page, NULL},
    };
    const struct vg_usage usage = {"bench report", "RESULT.json",
                                   N_("the page of a kept result of bench sizing"), options,
                                   COUNT(options)};
    int count = 0;
    enum vg_status status = vg_options_read(&usage, argc, argv, &count, fault);
    if (!status && (count != 1 || !page))
        status = vg_fault_set(fault, VG_E_CALL, N_("wrong number of arguments"),
                              N_("see vigie help"), "vigie bench report RESULT.json --report FILE");
    if (!status)
        status = keep(&result, argv[1], fault);
    if (!status && against)
        status = keep(&other, against, fault);
    if (!status)
        status = vg_bench_report_write(page, result.json.root, other.json.root, fault);
    let_go(&result);
    let_go(&other);
    return status;
}
