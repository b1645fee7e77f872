/* Two results of bench sizing, one after the other, parted by a byte 0x1e, which JSON does not hold: a
 * page of the first beside the second. Never: a tag that is not the page's own, a control character, a
 * page without an end. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sizing_compare.h"
#include "bench/sizing_page.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static int known_tag(const char *at)
{
    static const char *const tags[] = {
        "!doctype", "html", "head", "meta",   "title", "style",    "body",       "h1",
        "h2",       "h3",   "p",    "table",  "thead", "tbody",    "tr",         "th",
        "td",       "span", "sup",  "ol",     "li",    "figure",   "figcaption", "svg",
        "g",        "path", "text", "circle", "rect",  "polyline", "footer"};
    at += *at == '/';
    const size_t size = strcspn(at, " >");
    for (size_t i = 0; i < COUNT(tags); i++)
        if (strlen(tags[i]) == size && memcmp(at, tags[i], size) == 0)
            return 1;
    return 0;
}

static void look(const char *page, size_t size)
{
    must(strlen(page) == size && strstr(page, "</body>\n</html>\n") != NULL);
    for (const char *at = page; *at; at++) {
        must((unsigned char)*at >= 0x20 || *at == '\n');
        if (*at == '<')
            must(known_tag(at + 1) && at[strcspn(at + 1, "<>") + 1] == '>');
    }
}

static void write_page(const json_t *result, const json_t *other)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    must(out != NULL);
    vg_sizing_page_write(out, result, other);
    must(fclose(out) == 0);
    look(page, size);
    free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_fault fault = {.status = VG_OK};
    const uint8_t *cut = size ? memchr(data, 0x1e, size) : NULL;
    const size_t first = cut ? (size_t)(cut - data) : size;
    json_t *result = json_loadb((const char *)data, first, JSON_REJECT_DUPLICATES, NULL);
    json_t *other = cut ? json_loadb((const char *)cut + 1, size - first - 1, 0, NULL) : NULL;
    if (result)
        write_page(result, other);
    if (result && other && vg_sizing_comparable(result, other, &fault) == VG_OK)
        must(vg_sizing_comparable(other, result, &fault) == VG_OK);
    json_decref(result);
    json_decref(other);
    return 0;
}
